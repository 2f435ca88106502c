using Emergence.Devices;
using Emergence.Devices.Tensors;
using Pair = (Emergence.Devices.Tensors.Tensor Tested, Emergence.Devices.Tensors.Tensor Expected);

namespace Emergence.Lab.Verification;

/// <summary>Attention over forests and chains, with windows, soft caps, shared keys and heads between others.</summary>
internal static class AttentionChecks
{
    private static readonly (int QueryHeads, int KeyHeads, int Size, int Window, float Cap)[] s_awkward =
        [(1, 1, 1, 0, 0), (4, 4, 3, 0, 0), (6, 2, 31, 0, 0), (4, 1, 33, 3, 0), (3, 3, 64, 0, 5), (2, 1, 257, 2, 1)];

    // Heads of GPT-2 small, SmolLM2-135M, Llama-3.2-1B, Llama-3.1-8B and Gemma 2 2B.
    private static readonly (int QueryHeads, int KeyHeads, int Size, int Window, float Cap)[] s_models =
        [(12, 12, 64, 0, 0), (9, 3, 64, 0, 0), (32, 8, 64, 0, 0), (32, 8, 128, 0, 0), (8, 4, 256, 40, 50)];

    public static IEnumerable<OpCheck> All(bool small)
    {
        foreach (var (queries, keys, size, window, cap) in s_awkward)
            yield return new(
                "Attention", $"65 rows of a forest, {queries}/{keys} x {size} window {window} cap {cap}",
                run => Forest(run, 65, queries, keys, size, window, cap));
        yield return new("Attention", "257 rows of a chain, 2/2 x 16 every 48", run => Interleaved(run, 257));
        foreach (var (size, value) in ((int, int)[])[(3, 1), (16, 33), (40, 257)])
            yield return new("Attention", $"65 rows of a forest, 6/2 x {size}, values of {value} every {value + 3}", run =>
                OtherValues(run, 65, size, value));
        foreach (var (queries, keys, size, window, cap) in s_awkward)
            yield return new("Attention", $"65 rows of a forest, {queries}/{keys} x {size} window {window} cap {cap}, sinks", run =>
                Sinks(run, 65, queries, keys, size, window, cap));
        foreach (var (bias, scale) in ((bool, bool)[])[(true, false), (false, true), (true, true)])
            yield return new("Attention",
                $"65 rows of a forest, 4/2 x 20{(bias ? ", bias by position" : "")}{(scale ? ", scale by position" : "")}", run =>
                ByPosition(run, 65, bias, scale));

        var rows = small ? 33 : 129;
        foreach (var (queries, keys, size, window, cap) in s_models)
            yield return new(
                "Attention", $"{rows} rows of a chain, {queries}/{keys} x {size} window {window} cap {cap}",
                run => Chain(run, rows, queries, keys, size, window, cap));
    }

    private static void Forest(OpRun run, int rows, int queries, int keys, int size, int window, float cap)
    {
        int[] parents = [.. Enumerable.Range(0, rows).Select(n => run.Generator.Next(-1, n))];
        Attend(
            run, run.Random(rows, queries * size + 2), run.Random(rows, keys * size), run.Random(rows, keys * size), parents,
            Shape(queries, keys, size, window, cap));
    }

    private static void Chain(OpRun run, int rows, int queries, int keys, int size, int window, float cap) =>
        Attend(
            run, run.Random(rows, queries * size), run.Random(rows, keys * size), run.Random(rows, keys * size),
            [.. Enumerable.Range(-1, rows)], Shape(queries, keys, size, window, cap));

    private static void Interleaved(OpRun run, int rows)
    {
        var fused = run.Random(rows, 2 * 3 * 16);
        var (k, v) = (
            (fused.Tested.ColumnRange(16, 80), fused.Expected.ColumnRange(16, 80)),
            (fused.Tested.ColumnRange(32, 64), fused.Expected.ColumnRange(32, 64)));
        Attend(run, fused, k, v, [.. Enumerable.Range(-1, rows)], new AttentionShape(new(2, 16, 48), new(2, 16, 48), 0.25f));
    }

    private static void OtherValues(OpRun run, int rows, int size, int value)
    {
        int[] parents = [.. Enumerable.Range(0, rows).Select(n => run.Generator.Next(-1, n))];
        var shape = Shape(6, 2, size, 0, 0) with { OtherValue = new(2, value, value + 3) };
        Attend(run, run.Random(rows, 6 * size), run.Random(rows, 2 * size), run.Random(rows, 2 * value + 3), parents, shape);
    }

    private static void Sinks(OpRun run, int rows, int queries, int keys, int size, int window, float cap)
    {
        int[] parents = [.. Enumerable.Range(0, rows).Select(n => run.Generator.Next(-1, n))];
        var (q, k, v, sinks) = (run.Random(rows, queries * size), run.Random(rows, keys * size), run.Random(rows, keys * size),
            run.Random(1, queries, 3));
        Attend(run, q, k, v, parents, Shape(queries, keys, size, window, cap), sinks: sinks);
    }

    private static void ByPosition(OpRun run, int rows, bool withBias, bool withScale)
    {
        int[] parents = [.. Enumerable.Range(0, rows).Select(n => run.Generator.Next(-1, n))];
        int[] at = [.. Enumerable.Range(0, rows).Select(_ => run.Generator.Next(9))];
        var (positions, bias, scale) = (run.Indices(at), run.Random(9, 4, 3), run.Random(9, 1));
        Attend(run, run.Random(rows, 4 * 20), run.Random(rows, 2 * 20), run.Random(rows, 2 * 20), parents, Shape(4, 2, 20, 0, 0), on =>
            new(on(positions), withBias ? on(bias) : null, withScale ? on(scale) : null), withBias ? bias : null, withScale ? scale : null);
    }

    private static AttentionShape Shape(int queries, int keys, int size, int window, float cap) =>
        new(new(queries, size, size), new(keys, size, size), (float)(1 / Math.Sqrt(size)), window, cap);

    private static void Attend(OpRun run, Pair q, Pair k, Pair v, int[] parentRows, AttentionShape shape,
        Func<Func<Pair, Tensor>, AttentionPositions>? positions = null, Pair? bias = null, Pair? scale = null, Pair? sinks = null)
    {
        var (rows, heads, size) = (q.Expected.Rows, shape.Query.Count, shape.Value.Size);
        var (parents, y) = (run.Indices(parentRows), run.Random(rows, heads * size));
        run.Both((device, on) => device.Attention(on(q), on(k), on(v), on(parents), on(y),
            shape with { Sinks = sinks is { } own ? on(own) : null }, positions?.Invoke(on)));

        // Weights of magnitudes: what an error of the weights, relative to them, can move the result by.
        var sizes = run.Keep(run.Reference.Allocate(rows, heads * size));
        run.Reference.Attention(q.Expected, k.Expected, run.Magnitudes(v.Expected), parents.Expected, sizes,
            shape with { Sinks = sinks?.Expected }, positions?.Invoke(pair => pair.Expected));
        var weighted = OpInputs.Read(run.Reference, sizes);
        var (queryNorms, keyNorms) = (
            Norms(run.Read(q, true), q.Expected.Columns, shape.Query), Norms(run.Read(k, true), k.Expected.Columns, shape.Key));
        var longest = Enumerable.Range(0, shape.Key.Count).Select(head => keyNorms.Max(row => row[head])).ToArray();
        var precision = run.Precision;
        var (largestBias, largestScale) =
            (Math.Max(bias is { } b ? run.Read(b, true).Max(Math.Abs) : 0, sinks is { } sink ? run.Read(sink, true).Max(Math.Abs) : 0),
            scale is { } s ? run.Read(s, true).Max(Math.Abs) : 1);
        run.Compare(y, i =>
        {
            var (row, head) = (i / (heads * size), i / size % heads);

            // |score| and its sum of magnitudes are at most this (Cauchy-Schwarz); 12 units for scale, cap and exponent.
            var score = largestScale * shape.Scale * queryNorms[row][head] * longest[head / (heads / shape.Key.Count)] + 2 * largestBias;
            var weight = score * (precision.Dot(shape.Query.Size) + 12 * precision.Sum) + 8 * precision.Sum;
            return weighted[i] * (2 * weight + precision.Dot(Math.Min(rows, row + 1)));
        });
    }

    /// <summary>Length of every head's vector in every row.</summary>
    private static double[][] Norms(double[] values, int columns, HeadLayout heads) =>
        [
            .. values.Chunk(columns).Select(
                row => Enumerable.Range(0, heads.Count).Select(
                    head => Math.Sqrt(row.AsSpan(head * heads.Stride, heads.Size).ToArray().Sum(e => e * e))).ToArray())
        ];
}
