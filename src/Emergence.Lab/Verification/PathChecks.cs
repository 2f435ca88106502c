using Emergence.Devices;
using Emergence.Devices.Tensors;
using Pair = (Emergence.Devices.Tensors.Tensor Tested, Emergence.Devices.Tensors.Tensor Expected);

namespace Emergence.Lab.Verification;

/// <summary>Convolutions and recurrences along the paths of forests of all forms.</summary>
internal static class PathChecks
{
    private const int Rows = 65;

    /// <summary>Units by which a softplus and an exponential of it may err together.</summary>
    private const int StepUnits = 48;

    private static readonly string[] s_forms = ["single rows", "a chain", "a star", "a comb", "a comb of leaves first", "a forest"];

    private static readonly (int Heads, int Width, int Groups, int Size, bool ByState)[] s_scans =
        [(1, 1, 1, 1, false), (3, 5, 1, 7, false), (4, 3, 2, 33, true), (31, 1, 1, 16, true)];

    // Mamba-130M and Mamba-2-130M, a part of their heads.
    private static readonly (int Heads, int Width, int Groups, int Size, bool ByState)[] s_modelScans =
        [(64, 1, 1, 16, true), (2, 64, 1, 128, false)];

    private static readonly (int KeyHeads, int ValueHeads, int KeySize, int ValueSize)[] s_deltas =
        [(1, 1, 1, 1), (2, 4, 7, 3), (3, 3, 33, 31)];

    // Qwen 3.5, a key head of it.
    private static readonly (int KeyHeads, int ValueHeads, int KeySize, int ValueSize)[] s_modelDeltas = [(1, 2, 128, 128)];

    public static IEnumerable<OpCheck> All(bool small)
    {
        foreach (var form in s_forms)
        {
            foreach (var (columns, taps) in ((int, int)[])[(1, 1), (3, 4), (31, 2), (257, 5)])
                yield return new("ConvolvePaths", $"{Rows} rows of {form}, {columns} columns, {taps} taps", run =>
                    Convolve(run, Forest(form, Rows, run.Generator), columns, taps));
        }

        var rows = small ? 9 : 129;
        foreach (var (form, count, (heads, width, groups, size, byState)) in Cases(s_scans, s_modelScans, rows))
            yield return new("ScanPaths",
                $"{count} rows of {form}, {heads} x {width} in {groups}, states of {size}{(byState ? ", rates by state" : "")}", run =>
                Scan(run, Forest(form, count, run.Generator), heads, width, groups, size, byState));
        foreach (var (form, count, (keyHeads, valueHeads, keySize, valueSize)) in Cases(s_deltas, s_modelDeltas, rows))
            yield return new("DeltaPaths",
                $"{count} rows of {form}, {keyHeads} x {keySize} keys, {valueHeads} x {valueSize} values", run =>
                Delta(run, Forest(form, count, run.Generator), keyHeads, valueHeads, keySize, valueSize));
    }

    private static IEnumerable<(string Form, int Rows, T Sizes)> Cases<T>(T[] awkward, T[] models, int rows) =>
        [.. from form in s_forms from sizes in awkward select (form, Rows, sizes), .. models.Select(sizes => ("a forest", rows, sizes))];

    /// <summary>Parents in depth-first order.</summary>
    private static int[] Forest(string form, int rows, Random random)
    {
        var parents = new int[rows];
        for (var n = 0; n < rows; n++)
        {
            parents[n] = n == 0 ? -1 : form switch
            {
                "single rows" => -1,
                "a chain" => n - 1,
                "a star" => 0,

                // A spine, then a leaf for each of its rows from the end; or each leaf before the spine goes on.
                "a comb" => n <= rows / 2 ? n - 1 : rows - 1 - n,
                "a comb of leaves first" => n % 2 == 0 ? Math.Max(0, n - 2) : n - 1,
                _ => Ancestor(parents, n, random),
            };
        }

        return parents;
    }

    /// <summary>The row before, one of those on its path, or none.</summary>
    private static int Ancestor(int[] parents, int row, Random random)
    {
        var parent = row - 1;
        while (parent >= 0 && random.Next(3) == 0)
            parent = parents[parent];
        return parent;
    }

    private static void Convolve(OpRun run, int[] parents, int columns, int taps)
    {
        var (x, weight, y) = (run.Random(parents.Length, columns), run.Random(columns, taps), run.Random(parents.Length, columns));
        foreach (var bias in (Pair?[])[null, run.Random(1, columns)])
        {
            foreach (var activation in (Activation[])[Activation.None, Activation.Silu])
            {
                Both(run, parents, (device, on, paths) =>
                    device.ConvolvePaths(on(x), paths, on(weight), bias is { } own ? on(own) : null, activation, on(y)));
                var (xs, ws, bs) = (run.Read(x, true), run.Read(weight, true), bias is { } read ? run.Read(read, true) : null);
                var results = run.Read(y, true);
                run.Compare(y, i =>
                {
                    var (sum, column) = (bs == null ? 0 : Math.Abs(bs[i % columns]), i % columns);
                    for (var (row, j) = (i / columns, taps - 1); row >= 0 && j >= 0; (row, j) = (parents[row], j - 1))
                        sum += Math.Abs(xs[row * columns + column] * ws[column * taps + j]);

                    // No activation here is steeper than 1.1.
                    return 1.1 * run.Precision.Chain(taps + 1) * sum
                        + run.Precision.Sum * ForwardChecks.ActivationUnits(-sum) * Math.Abs(results[i]);
                });
            }
        }
    }

    private static void Scan(OpRun run, int[] parents, int heads, int width, int groups, int size, bool byState)
    {
        var (rows, channels) = (parents.Length, heads * width);
        var (x, steps, b, c) = (run.Random(rows, channels), run.Random(rows, heads), run.Random(rows, groups * size),
            run.Random(rows, groups * size));
        var (rates, skip, bias, y) = (run.Random(heads, byState ? size : 1, 0.3), run.Random(1, heads), run.Random(1, heads),
            run.Random(rows, channels));
        foreach (var (least, most) in ((float, float)[])[(0, float.PositiveInfinity), (0.4f, 0.9f)])
        {
            Both(run, parents, (device, on, paths) => device.ScanPaths(on(x), on(steps), on(b), on(c), paths,
                new(heads, groups, on(rates), on(skip)) { StepBias = on(bias), LeastStep = least, MostStep = most }, on(y)));

            // The same of magnitudes: every term has lost as much as its parts on the way.
            var sizes = run.Keep(run.Reference.Allocate(rows, channels));
            using var paths = new ForestPaths(run.Reference, parents);
            run.Reference.ScanPaths(run.Magnitudes(x.Expected), steps.Expected, run.Magnitudes(b.Expected), run.Magnitudes(c.Expected),
                paths, new(heads, groups, rates.Expected, run.Magnitudes(skip.Expected))
                    { StepBias = bias.Expected, LeastStep = least, MostStep = most }, sizes);
            var magnitudes = OpInputs.Read(run.Reference, sizes);
            var fastest = run.Read(rates, true).Max(Math.Exp)
                * Math.Min(most, 6 + run.Read(steps, true).Max() + run.Read(bias, true).Max());
            run.Compare(y, i =>
            {
                var depth = Depth(parents, i / channels);
                return magnitudes[i] * (run.Precision.Dot(size + 1) + (depth + 1) * (StepUnits + 4 * fastest) * run.Precision.Sum);
            });
        }
    }

    private static void Delta(OpRun run, int[] parents, int keyHeads, int valueHeads, int keySize, int valueSize)
    {
        var (rows, channels) = (parents.Length, valueHeads * valueSize);
        var (q, v, steps, gates) = (Unit(run, rows, keyHeads, keySize), run.Random(rows, channels), run.Random(rows, valueHeads),
            run.Random(rows, valueHeads));
        var (k, rates, bias, y) = (Unit(run, rows, keyHeads, keySize), run.Random(valueHeads, 1, 0.3), run.Random(1, valueHeads),
            run.Random(rows, channels));
        Both(run, parents, (device, on, paths) => device.DeltaPaths(on(q), on(k), on(v), on(steps), on(gates), paths,
            new(keyHeads, valueHeads, on(rates), on(bias)), on(y)));
        var values = run.Read(v, true);
        var fastest = run.Read(rates, true).Max(Math.Exp) * (6 + run.Read(steps, true).Max() + run.Read(bias, true).Max());
        run.Compare(y, i =>
        {
            // Keys have the length of 1, so that a step makes no state and no error longer: a state is at most as long as all
            // values on the path together.
            var (longest, depth) = (0.0, Depth(parents, i / channels));
            for (var row = i / channels; row >= 0; row = parents[row])
                longest += Math.Abs(values[row * channels + i % channels]);
            return longest * (depth + 1) * (3 * run.Precision.Dot(keySize) + (StepUnits + 4 * fastest) * run.Precision.Sum);
        });
    }

    /// <summary>Heads of the length of 1.</summary>
    private static Pair Unit(OpRun run, int rows, int heads, int size)
    {
        var values = OpInputs.Values(run.Generator, rows * heads * size);
        var unit = values.Chunk(size).SelectMany(head => head.Select(e => (double)(float)(e / Length(head))));
        return run.Matrix([.. unit], rows, heads * size);

        static double Length(double[] head) => Math.Sqrt(head.Sum(e => e * e));
    }

    private static int Depth(int[] parents, int row) => row < 0 ? 0 : 1 + Depth(parents, parents[row]);

    private static void Both(
        OpRun run, int[] parents, Action<Device, Func<Pair, Tensor>, ForestPaths> op) =>
        run.Both((device, on) =>
        {
            using var paths = new ForestPaths(device, parents);
            op(device, on, paths);
        });
}
