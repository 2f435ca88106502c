using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;

namespace Emergence.Lab.Benchmarks;

/// <summary>A step of training one critic: pairs drawn, both passes, objective, Adam.</summary>
/// <param name="Name">What is trained.</param>
/// <param name="Shape">Sizes in words.</param>
/// <param name="Flops">Arithmetic of a step, with the first layer split and a multiply-add as two.</param>
/// <param name="Prepare">Makes a training that is ready to step.</param>
internal sealed record StepBench(string Name, string Shape, double Flops, Func<BenchInputs, CriticTraining> Prepare)
{
    /// <summary>The published protocol: all rows as they are, and all rows shuffled.</summary>
    public static StepBench Published(int rows, int columns, IReadOnlyList<int> widths)
    {
        var shape = new CriticShape(columns, columns, [.. widths]);
        double[] each = [.. Enumerable.Repeat(1.0 / rows, rows)], none = new double[rows];
        return new("paper", $"{rows} rows of {columns}+{columns}", Work(shape, rows, 2.0 * rows), inputs =>
        {
            int[] own = [.. Enumerable.Range(0, rows)];
            return Training(inputs, shape, rows, own, [.. each, .. none], [.. none, .. each], new ShuffledPairs(rows));
        });
    }

    /// <summary>
    /// MINE on a support of <paramref name="classes"/> pairs, and so many pairs off it; all there are if they are fewer.
    /// </summary>
    public static StepBench OnSupport(string preset, int classes, int columns, IReadOnlyList<int> widths, int pairs)
    {
        var shape = new CriticShape(columns, columns, [.. widths]);
        var drawsAll = (long)classes * (classes - 1) <= pairs;
        var count = drawsAll ? classes * classes : classes + pairs;
        return new($"s-mine {preset}", $"{classes} classes, {count} pairs of {columns}+{columns}", Work(shape, classes, count), inputs =>
        {
            int[] own = [.. Enumerable.Range(0, classes)];
            double[] uniform = [.. Enumerable.Repeat(1.0 / classes, classes)];
            if (drawsAll)
            {
                int[] a = [.. Enumerable.Range(0, count).Select(pair => pair / classes)];
                int[] b = [.. Enumerable.Range(0, count).Select(pair => pair % classes)];
                return Training(
                    inputs, shape, classes, a, b, [.. a.Zip(b, (i, j) => i == j ? 1.0 / classes : 0)],
                    [.. Enumerable.Repeat(1.0 / count, count)], PairSource.None);
            }

            double[] joint = [.. uniform, .. new double[pairs]];
            double[] marginal = [.. uniform.Select(w => w / classes), .. Enumerable.Repeat((1 - 1.0 / classes) / pairs, pairs)];
            return Training(
                inputs, shape, classes, own, joint, marginal,
                new OffSupportPairs(pairs, new AliasTable(uniform), new AliasTable(uniform), [.. own.Select(i => (i, i))]));
        });
    }

    /// <summary>First layer: forward and by its weights, once a class; the others: forward, by weights, by inputs, once a pair.</summary>
    private static double Work(CriticShape shape, double classes, double pairs)
    {
        var head = Enumerable.Range(1, shape.Layers - 1).Sum(layer => (double)shape.Widths[layer] * shape.InputColumns(layer));
        return 2 * (2 * classes * shape.InputColumns(0) * shape.Widths[0] + 3 * pairs * head);
    }

    private static CriticTraining Training(
        BenchInputs inputs, CriticShape shape, int rows, int[] own, double[] joint, double[] marginal, PairSource source) =>
        Training(inputs, shape, rows, own, own, joint, marginal, source);

    private static CriticTraining Training(
        BenchInputs inputs, CriticShape shape, int rows, int[] a, int[] b, double[] joint, double[] marginal, PairSource source)
    {
        Tensor x = inputs.Random(rows, shape.XColumns), y = inputs.Random(rows, shape.YColumns);
        var (random, initial) = (new Random(1), new List<float>(shape.ParameterCount));
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var scale = (float)Math.Sqrt(3.0 / shape.InputColumns(layer));
            initial.AddRange(
                Enumerable.Range(
                    0, shape.Widths[layer] * (shape.InputColumns(layer) + 1)).Select(_ => scale * (2 * random.NextSingle() - 1)));
        }

        return inputs.Keep(
            new CriticTraining(
                inputs.Device, shape, x, y, a, b, joint, marginal, source, initial.ToArray()) { Rate = _ => 1e-6, Seed = 1 });
    }
}
