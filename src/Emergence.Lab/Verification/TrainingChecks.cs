using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Pair = (Emergence.Devices.Tensors.Tensor Tested, Emergence.Devices.Tensors.Tensor Expected);

namespace Emergence.Lab.Verification;

/// <summary>Drawing pairs, the passes of whole critics, and steps of training.</summary>
internal static class TrainingChecks
{
    // The last two have layers that more than one kernel is for: a wide one after another, a tail of several.
    private static readonly (int X, int Y, IReadOnlyList<int> Widths, int Pairs)[] s_awkward =
        [
            (33, 17, [1, 1], 1), (33, 17, [3, 1], 33), (33, 17, [31, 7, 1], 257), (33, 17, [136, 100, 7, 1], 257),
            (33, 17, [300, 33, 12, 6, 3, 1], 1000)
        ];

    public static IEnumerable<OpCheck> All(bool small)
    {
        foreach (var count in new[] { 1, 33, small ? 1_000 : 8_192, small ? 2_001 : 300_001 })
        {
            yield return new("DrawPairs", $"{count} off the support", run => DrawPairs(run, OffSupport(count, 40, 50)));
            yield return new("DrawPairs", $"{count} of a list and others", run => DrawPairs(run, Listed(count)));
            yield return new("DrawPairs", $"{count} shuffled", run => DrawPairs(run, new ShuffledPairs(count)));
        }

        // Presets canonical and small at the width of SmolLM2-135M, and the published critic.
        (int X, int Y, IReadOnlyList<int> Widths, int Pairs)[] shapes = [
            .. s_awkward, (13, 13, CriticPreset.Canonical.Widths, 67), (64, 64, CriticPreset.Canonical.Widths, small ? 300 : 6_096),
            (576, 576, CriticPreset.Small.Widths, small ? 300 : 10_192), (768, 768, CriticPreset.Paper.Widths, small ? 40 : 600)
        ];
        foreach (var (x, y, widths, pairs) in shapes)
        {
            var (shape, text) = (new CriticShape(x, y, [.. widths]), $"{pairs} pairs of {x}+{y}, {string.Join('-', widths)}");
            yield return new("CriticForward", text, run => Passes(run, shape, pairs, backward: false));
            yield return new("CriticBackward", text, run => Passes(run, shape, pairs, backward: true));
        }

        foreach (var (x, y, widths, rows) in s_awkward[^2..].Append((768, 768, CriticPreset.Paper.Widths, small ? 140 : 1_500)))
            yield return new(
                "Train", $"gradient of a step on {rows} rows and as many shuffled, {x}+{y}, {string.Join('-', widths)}",
                run => Shuffled(run, new CriticShape(x, y, [.. widths]), rows));
        foreach (var (x, y, widths, pairs) in shapes.Where(s => s.Pairs > 30))
            yield return new(
                "Train", $"3 steps, {pairs} pairs of {x}+{y}, {string.Join('-', widths)}",
                run => Train(run, new CriticShape(x, y, [.. widths]), pairs));
    }

    private static ListedPairs Listed(int count) =>
        new(count, new AliasTable([1, 2, 3, 4]), [0, 3, 7, 39], [5, 0, 7, 49], OffSupport(count, 40, 50));

    private static OffSupportPairs OffSupport(int count, int x, int y) =>
        new(
            count, new AliasTable(Enumerable.Range(1, x).Select(i => (double)i).ToArray()),
            new AliasTable(Enumerable.Repeat(1.0, y).ToArray()), [(1, 1), (2, 7)]);

    private static void DrawPairs(OpRun run, PairSource source)
    {
        var (a, b) = (run.Indices(new int[source.Count]), run.Indices(new int[source.Count]));
        foreach (var step in new[] { 0, 17 })
        {
            run.Device.DrawPairs(source, 5, 3, step, a.Tested, b.Tested);
            var (hostA, hostB) = (new int[source.Count], new int[source.Count]);
            source.Draw(5, 3, step, hostA, hostB);
            run.Compare($"a of step {step}", Doubles(hostA), Doubles(Integers(run.Device, a.Tested)), _ => 0);
            run.Compare($"b of step {step}", Doubles(hostB), Doubles(Integers(run.Device, b.Tested)), _ => 0);
        }

        static double[] Doubles(int[] values) => [.. values.Select(v => (double)v)];
    }

    private static int[] Integers(Device device, Tensor tensor)
    {
        var values = new int[tensor.Rows];
        device.Download(tensor, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static void Passes(OpRun run, CriticShape shape, int pairs, bool backward)
    {
        // Both margins have fewer rows than there are pairs, as for the classes of a measurement.
        var (kx, ky) = (Math.Max(1, pairs / 5), Math.Max(1, pairs / 7));
        var (x, y, parameters, gradient) = (
            run.Random(kx, shape.XColumns), run.Random(ky, shape.YColumns), Parameters(run, shape),
            Flat(run, new double[shape.ParameterCount]));
        int[] a = [.. Enumerable.Range(0, pairs).Select(_ => run.Generator.Next(kx))];
        int[] b = [.. Enumerable.Range(0, pairs).Select(_ => run.Generator.Next(ky))];
        var (rowsA, rowsB) = (run.Indices(a), run.Indices(b));
        var (tested, expected) = (
            run.Keep(run.Device.CreateCritic(shape, kx, ky, pairs)), run.Keep(run.Reference.CreateCritic(shape, kx, ky, pairs)));
        var errors = new CriticErrors(shape, run.Precision, run.Read(parameters, true), run.Read(x, true), run.Read(y, true), a, b);
        tested.Forward(parameters.Tested, x.Tested, y.Tested, rowsA.Tested, rowsB.Tested);
        expected.Forward(parameters.Expected, x.Expected, y.Expected, rowsA.Expected, rowsB.Expected);
        if (!backward)
        {
            run.Compare((tested.Scores.RowRange(0, pairs), expected.Scores.RowRange(0, pairs)), i => errors.Scores[i].Bound);
            return;
        }

        var given = OpInputs.Values(run.Generator, pairs, 1.0 / pairs);
        run.Device.Upload(given, tested.ScoreGradients);
        run.Reference.Upload(given, expected.ScoreGradients);
        tested.Backward(parameters.Tested, x.Tested, y.Tested, rowsA.Tested, rowsB.Tested, gradient.Tested);
        expected.Backward(parameters.Expected, x.Expected, y.Expected, rowsA.Expected, rowsB.Expected, gradient.Expected);
        var bounds = errors.Backward(given);
        run.Compare(gradient, i => bounds[i].Bound);
    }

    /// <summary>
    /// The published protocol, if a device may make use of each row's being in two pairs: its gradient by the scores it found
    /// itself.
    /// </summary>
    private static void Shuffled(OpRun run, CriticShape shape, int rows)
    {
        var (x, y, parameters) = (run.Random(rows, shape.XColumns), run.Random(rows, shape.YColumns), Parameters(run, shape));
        var (start, source) = (run.Read(parameters, true), new ShuffledPairs(rows));
        double[] each = [.. Enumerable.Repeat(1.0 / rows, rows)], none = new double[rows];
        using var training = new CriticTraining(
            run.Device, shape, x.Tested, y.Tested, [.. source.X], [.. source.Y], [.. each, .. none], [.. none, .. each], source,
            [.. start.Select(v => (float)v)]) { Rate = _ => 1e-4, Seed = 7, Cell = 3 };
        run.Device.Train([training], 1);
        var (drawnA, drawnB, given) = (new int[rows], new int[rows], new double[2 * rows]);
        source.Draw(7, 3, 0, drawnA, drawnB);
        run.Device.Download(training.Critic.ScoreGradients, given);

        int[] a = [.. source.X, .. drawnA], b = [.. source.Y, .. drawnB];
        var (rowsA, rowsB, gradient) = (run.Indices(a), run.Indices(b), Flat(run, new double[shape.ParameterCount]));
        var expected = run.Keep(run.Reference.CreateCritic(shape, rows, rows, 2 * rows));
        expected.Forward(parameters.Expected, x.Expected, y.Expected, rowsA.Expected, rowsB.Expected);
        run.Reference.Upload(given, expected.ScoreGradients);
        expected.Backward(parameters.Expected, x.Expected, y.Expected, rowsA.Expected, rowsB.Expected, gradient.Expected);
        var bounds = new CriticErrors(shape, run.Precision, start, run.Read(x, true), run.Read(y, true), a, b).Backward(given);
        run.Compare((training.Gradient, gradient.Expected), i => bounds[i].Bound);
    }

    /// <summary>
    /// Values of the steps. An error of the scores moves a value by twice as much at most, and grows with the steps taken.
    /// </summary>
    private static void Train(OpRun run, CriticShape shape, int pairs)
    {
        const int Steps = 3, Fixed = 10;
        var (kx, ky) = (pairs / 5, pairs / 7 + 8);
        double[] joint = [.. Enumerable.Repeat(1.0 / Fixed, Fixed), .. new double[pairs - Fixed]];
        double[] marginal = [.. Enumerable.Repeat(1.0 / pairs, pairs)];
        var (x, y, initial) = (run.Random(kx, shape.XColumns), run.Random(ky, shape.YColumns), Parameters(run, shape));
        var start = run.Read(initial, true);
        int[] a = [.. Enumerable.Range(0, Fixed).Select(_ => run.Generator.Next(kx))];
        int[] b = [.. Enumerable.Range(0, Fixed).Select(_ => run.Generator.Next(ky))];
        var source = OffSupport(pairs - Fixed, Math.Max(3, kx), Math.Max(8, ky));
        var (drawnA, drawnB) = (new int[source.Count], new int[source.Count]);
        source.Draw(7, 3, 0, drawnA, drawnB);
        var largest = new CriticErrors(
            shape, run.Precision, start, run.Read(x, true), run.Read(y, true), [.. a, .. drawnA],
            [.. b, .. drawnB]).Scores.Max(score => score.Bound);
        var (tested, expected) = (Take(run.Device, x.Tested, y.Tested), Take(run.Reference, x.Expected, y.Expected));
        run.Compare("values in bits", expected, tested, step => (step + 1) * 2 * largest / Math.Log(2));

        double[] Take(Device device, Tensor left, Tensor right)
        {
            using var training = new CriticTraining(
                device, shape, left, right, a, b, joint, marginal, source, [
                    .. start.Select(v => (float)v)
                ]) { Rate = _ => 1e-4, Seed = 7, Cell = 3 };
            device.Train([training], Steps);
            return [.. training.Values.Select(value => value.Bits)];
        }
    }

    /// <summary>Weights of a size that keeps every layer's outputs near 1, and small biases.</summary>
    private static Pair Parameters(OpRun run, CriticShape shape)
    {
        var values = new List<double>(shape.ParameterCount);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            values.AddRange(
                OpInputs.Values(run.Generator, shape.Widths[layer] * shape.InputColumns(layer), 1 / Math.Sqrt(shape.InputColumns(layer))));
            values.AddRange(OpInputs.Values(run.Generator, shape.Widths[layer], 0.1));
        }

        return Flat(run, [.. values]);
    }

    /// <summary>Parameters lie in one piece: a dense (1, P) on both devices.</summary>
    private static Pair Flat(OpRun run, double[] values)
    {
        var pair = (run.Keep(run.Device.Allocate(1, values.Length)), run.Keep(run.Reference.Allocate(1, values.Length)));
        run.Device.Upload(values, pair.Item1);
        run.Reference.Upload(values, pair.Item2);
        return pair;
    }
}
