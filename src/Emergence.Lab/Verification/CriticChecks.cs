namespace Emergence.Lab.Verification;

/// <summary>The single ops that statistics networks are trained with.</summary>
internal static class CriticChecks
{
    private static readonly (int Rows, int Columns)[] s_awkward = [(1, 1), (3, 257), (31, 33), (257, 3), (1000, 31), (33, 1)];

    // More rows than a block sorts; pairs and widths of preset small and of the published critic's first and last layers.
    private static readonly (int Rows, int Columns)[] s_small = [(1025, 3), (4_100, 3), (300, 64), (40, 768)];

    private static readonly (int Rows, int Columns)[] s_real = [(10_192, 64), (2_000, 768), (100_003, 12), (1_100_000, 1)];

    private static readonly (int Rows, double Scale)[] s_scores = [(1, 1), (3, 30), (31, 1), (257, 60), (10_001, 5)];

    public static IEnumerable<OpCheck> All(bool small)
    {
        (int Rows, int Columns)[] shapes = [.. s_awkward, .. small ? s_small : s_real];
        foreach (var (rows, columns) in shapes)
            yield return new("AddPairs", $"({rows}, {columns}) of (9, {columns}) and (7, {columns})", run => AddPairs(run, rows, columns));
        foreach (var (rows, columns) in shapes)
            yield return new("LeakyReluGradient", $"({rows}, {columns})", run => LeakyReluGradient(run, rows, columns));
        foreach (var (rows, columns) in shapes)
            yield return new("SumRows", $"({rows}, {columns})", run => SumRows(run, rows, columns));
        foreach (var (rows, columns) in shapes)
        {
            foreach (var classes in new[] { 11, Math.Min(rows + 1, 2_000) })
                yield return new("SumByIndex", $"({rows}, {columns}) into {classes}", run => SumByIndex(run, rows, columns, classes));
        }

        foreach (var (rows, scale) in small ? s_scores : [.. s_scores, (600_000, 20)])
            yield return new("DonskerVaradhan", $"{rows} scores up to {2.7 * scale:0}", run => DonskerVaradhan(run, rows, scale));

        // The parameters of preset small at SmolLM2-135M and of the published critic.
        foreach (var count in small ? [1, 771, 1023, 31_000] : new[] { 1, 771, 1023, 31_000, 76_417, 1_573_725 })
            yield return new("Adam", $"{count} parameters, 20 steps", run => Adam(run, count));
    }

    private static void AddPairs(OpRun run, int rows, int columns)
    {
        var (zx, zy, y) = (run.Random(9, columns), run.Random(7, columns), run.Random(rows, columns));
        var (a, b) = (run.RandomIndices(rows, 9), run.RandomIndices(rows, 7));
        run.Both((device, on) => device.AddPairs(on(zx), on(a), on(zy), on(b), on(y)));
        var after = run.Read(y, true);

        // The sum, the slope of 0.01 and the product with it.
        run.Compare(y, i => 3 * run.Precision.Sum * Math.Abs(after[i]));
    }

    private static void LeakyReluGradient(OpRun run, int rows, int columns)
    {
        var (y, dy) = (run.Random(rows, columns), run.Random(rows, columns));
        run.Both((device, on) => device.LeakyReluGradient(on(y), on(dy)));
        var after = run.Read(dy, true);
        run.Compare(dy, i => 2 * run.Precision.Sum * Math.Abs(after[i]));
    }

    private static void SumRows(OpRun run, int rows, int columns)
    {
        var (x, sums) = (run.Random(rows, columns), run.Random(1, columns));
        run.Both((device, on) => device.SumRows(on(x), on(sums)));
        var sizes = run.Keep(run.Reference.Allocate(1, columns));
        run.Reference.SumRows(run.Magnitudes(x.Expected), sizes);
        var ofAll = OpInputs.Read(run.Reference, sizes);
        run.Compare(sums, i => run.Precision.Chain(rows) * ofAll[i]);
    }

    private static void SumByIndex(OpRun run, int rows, int columns, int classes)
    {
        // The last class has no row.
        int[] index = [.. Enumerable.Range(0, rows).Select(_ => run.Generator.Next(classes - 1))];
        var (x, at, sums) = (run.Random(rows, columns), run.Indices(index), run.Random(classes, columns));
        run.Both((device, on) => device.SumByIndex(on(x), on(at), on(sums)));
        var sizes = run.Keep(run.Reference.Allocate(classes, columns));
        run.Reference.SumByIndex(run.Magnitudes(x.Expected), at.Expected, sizes);
        var (ofAll, counts) = (OpInputs.Read(run.Reference, sizes), new int[classes]);
        foreach (var k in index)
            counts[k]++;
        run.Compare(sums, i => run.Precision.Chain(counts[i / columns]) * ofAll[i]);
    }

    private static void DonskerVaradhan(OpRun run, int rows, double scale)
    {
        double[] weights = [.. Enumerable.Range(0, rows).Select(_ => (double)(float)(run.Generator.NextDouble() / rows))];
        var (scores, joint, marginal, gradient) = (run.Random(rows, 1, scale), run.Matrix(weights, rows, 1), run.Matrix([.. weights.Reverse()], rows, 1), run.Random(rows, 1));
        var found = run.Device.DonskerVaradhan(scores.Tested, joint.Tested, marginal.Tested, gradient.Tested);
        var expected = run.Reference.DonskerVaradhan(scores.Expected, joint.Expected, marginal.Expected, gradient.Expected);

        // The value of a step is a difference of two sums: both are kept in double, where e^x may lose nine digits of sixteen.
        run.Compare("joint, log partition, largest score, not finite", [expected.Joint, expected.LogPartition, expected.MaxScore, expected.NonFinite], [found.Joint, found.LogPartition, found.MaxScore, found.NonFinite], i => i < 2 ? 1e-9 * Math.Max(1, expected.MaxScore) : 0);
        var exact = run.Read(gradient, true);
        run.Compare(gradient, i => 4 * run.Precision.Sum * (Math.Abs(exact[i]) + 1.5 * weights[i]) + 1e-30);
    }

    private static void Adam(OpRun run, int count)
    {
        const int Steps = 20;
        const double Rate = 1e-2;
        var (w, m, v) = (run.Random(1, count), run.Matrix(new double[count], 1, count), run.Matrix(new double[count], 1, count));
        for (var step = 1; step <= Steps; step++)
        {
            var g = run.Random(1, count, 1e-3);
            run.Both((device, on) => device.Adam(on(w), on(g), on(m), on(v), Rate, step));
        }

        // Three roundings a step of each moment; 1 - 0.999 in single precision is 2e-5 of itself off, so the second moment is
        // and half as much the step, which is at most ten rates long.
        var (u, off) = (run.Precision.Sum, run.Precision.Sum / 1e-3 / 3);
        var (weights, first, second) = (run.Read(w, true), run.Read(m, true), run.Read(v, true));
        run.Compare(w, i => Steps * (u * (Math.Abs(weights[i]) + 1) + 10 * Rate * (off + 8 * u)));
        run.Compare(m, i => 2 * Steps * u * Math.Max(3e-3, Math.Abs(first[i])));
        run.Compare(v, i => (2 * Steps * u + off) * second[i]);
    }
}
