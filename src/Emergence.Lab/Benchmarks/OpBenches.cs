using Emergence.Devices;
using Emergence.Lab.Verification;

namespace Emergence.Lab.Benchmarks;

/// <summary>Every op at the sizes of real models and critics; what they are made of is <see cref="DeviceScale"/>'s to choose.</summary>
internal static class OpBenches
{
    private const int Single = sizeof(float);

    public static IReadOnlyList<OpBench> All(DeviceScale size) =>
        [.. Forward(size), .. PathBenches.Recurrences(size), .. Products(size), .. Critic(size), .. PassBenches.All(size)];

    /// <summary>Names of the ops, in order.</summary>
    public static IReadOnlyList<string> Ops { get; } = [.. All(DeviceScale.Tiny).Select(bench => bench.Op).Distinct()];

    /// <summary>The largest copy and the largest product: what the device's memory and arithmetic give at best.</summary>
    public static (OpBench[] Copies, OpBench[] Products) Roofs(DeviceScale size)
    {
        var (rows, side) = (size.For(64, 32_768, 131_072), size.For(96, 1_024, 8_192));
        OpBench[] copies = [GatherRows(rows, 1_024, inOrder: true), Gate(rows, 1_024, Activation.None)];
        return (copies, [MatMul("square", side, side, side, false, true)]);
    }

    private static IEnumerable<OpBench> Forward(DeviceScale size)
    {
        // GPT-2 XL and Llama-3.1-8B over 16,384 rows; GPT-2 small and SmolLM2-135M on a processor.
        var rows = size.For(8, 2_048, 16_384);
        foreach (var width in size.For([64], [576, 768], new[] { 1_600, 4_096 }))
        {
            yield return new("Embed", $"({rows}, {width}) of ({4 * rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var (ids, table, y) = (inputs.Indices(rows, 4 * rows), inputs.Random(4 * rows, width), inputs.Random(rows, width));
                return () => inputs.Device.Embed(ids, table, 1, y);
            });
            foreach (var form in (string[])["fp8 by block", "gptq, 4 bits", "nf4, double quantised"])
                yield return Unpack(form, rows, width);
            yield return MixRows(rows, width);
            yield return PathBenches.Convolve(rows, width);
            yield return GatherRows(rows, width, inOrder: false);
            yield return new("LayerNorm", $"({rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var (x, weight, bias, y) = (
                    inputs.Random(rows, width), inputs.Random(1, width), inputs.Random(1, width), inputs.Random(rows, width));
                return () => inputs.Device.LayerNorm(x, weight, bias, 1e-5f, y);
            });
            yield return new("RmsNorm", $"({rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var (x, weight, y) = (inputs.Random(rows, width), inputs.Random(1, width), inputs.Random(rows, width));
                return () => inputs.Device.RmsNorm(x, weight, 1e-5f, y);
            });
            yield return Gate(rows, 4 * width, Activation.Silu);
            yield return Gate(rows, 4 * width, Activation.GeluErf);
            yield return new("Scale", $"({rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var x = inputs.Random(rows, width);
                return () => inputs.Device.Scale(x, 0.5f, x);
            });
            yield return new("Clip", $"({rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var x = inputs.Random(rows, width);
                return () => inputs.Device.Clip(x, -1, 1);
            });
            yield return new("ApplyXielu", $"({rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var x = inputs.Random(rows, width);
                return () => inputs.Device.ApplyXielu(x, new(0.8, 0.8, 0.5, -1e-6));
            });
            yield return new("CopyHeads", $"({rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var (x, y, all) = (inputs.Random(rows, width), inputs.Random(rows, width), new HeadLayout(1, width, width));
                return () => inputs.Device.CopyHeads(x, all, y, all);
            });
            yield return new("SoftCap", $"({rows}, {width})", 2.0 * Single * rows * width, 0, inputs =>
            {
                var x = inputs.Random(rows, width);
                return () => inputs.Device.SoftCap(x, 30);
            });
        }

        foreach (var (queries, keys, head) in size.For([(2, 1, 16)], [(12, 12, 64), (9, 3, 64)], new[] { (25, 25, 64), (32, 8, 128) }))
        {
            yield return Rotate(rows, queries, head);
            foreach (var length in size.For([8], [16, 128], new[] { 8, 32, 128 }))
                yield return Attention(rows, length, queries, keys, head);
        }
    }

    private static IEnumerable<OpBench> Products(DeviceScale size)
    {
        var rows = size.For(16, 2_048, 16_384);
        foreach (var (n, k) in size.For(
            [(64, 64)], [(2_304, 768), (768, 3_072), (1_536, 576)],
            new[] { (4_800, 1_600), (6_400, 1_600), (1_600, 6_400), (6_144, 4_096), (14_336, 4_096) }))
            yield return MatMul("layer", rows, n, k, false, true);

        // Layers 2 and 3 of the published critic, forward, by its inputs, by its weights; the tail's products are thin.
        var pairs = size.For(64, 20_000, 600_000);
        foreach (var (n, k) in size.For([(12, 24)], [(384, 768), (12, 24)], new[] { (384, 768), (192, 384), (12, 24) }))
        {
            yield return MatMul("critic forward", pairs, n, k, false, true);
            yield return MatMul("critic input gradient", pairs, k, n, false, false);
            yield return MatMul("critic weight gradient", n, k, size == DeviceScale.Tiny ? 8_200 : pairs, true, false);
        }

        var (classes, widths) = (size.For(33, 2_000, 300_000), size.For(32, 768, 768));
        yield return MatMul("critic first layer", classes, widths, widths, false, true);
    }

    private static IEnumerable<OpBench> Critic(DeviceScale size)
    {
        var (pairs, classes) = (size.For(300, 20_000, 600_000), size.For(33, 2_000, 300_000));
        foreach (var width in size.For([32], [64, 768], new[] { 64, 768 }))
        {
            double elements = (double)pairs * width;
            var pairBytes = Single * (elements + 2.0 * Math.Min(pairs, classes) * width);
            yield return new("AddPairs", $"({pairs}, {width}) of {classes} + {classes}", pairBytes, elements, inputs =>
            {
                var (zx, zy, a, b, y) = (
                    inputs.Random(classes, width), inputs.Random(classes, width), inputs.Indices(pairs, classes),
                    inputs.Indices(pairs, classes), inputs.Random(pairs, width));
                return () => inputs.Device.AddPairs(zx, a, zy, b, y);
            });
            yield return new("LeakyReluGradient", $"({pairs}, {width})", 3 * Single * elements, 0, inputs =>
            {
                var (y, dy) = (inputs.Random(pairs, width), inputs.Random(pairs, width));
                return () => inputs.Device.LeakyReluGradient(y, dy);
            });
            yield return new("SumRows", $"({pairs}, {width})", Single * elements, elements, inputs =>
            {
                var (x, sums) = (inputs.Random(pairs, width), inputs.Random(1, width));
                return () => inputs.Device.SumRows(x, sums);
            });

            // A linear term reads every class once, not every pair.
            var features = (double)classes * width;
            yield return new("WeighRows", $"({classes}, {width})", Single * features, 2 * features, inputs =>
            {
                var (x, weights, y) = (inputs.Random(classes, width), inputs.Random(1, width), inputs.Random(classes, 1));
                return () => inputs.Device.WeighRows(x, weights, y);
            });
            yield return new("SumWeightedRows", $"({classes}, {width})", Single * features, 2 * features, inputs =>
            {
                var (x, weights, sums) = (inputs.Random(classes, width), inputs.Random(classes, 1), inputs.Random(1, width));
                return () => inputs.Device.SumWeightedRows(x, weights, sums);
            });
            foreach (var k in size == DeviceScale.Gpu ? [2_000, classes] : new[] { classes })
            {
                yield return new("SumByIndex", $"({pairs}, {width}) into {k}", Single * (elements + (double)k * width), elements, inputs =>
                {
                    var (x, index, sums) = (inputs.Random(pairs, width), inputs.Indices(pairs, k), inputs.Random(k, width));
                    return () => inputs.Device.SumByIndex(x, index, sums);
                });
            }
        }

        yield return new("DonskerVaradhan", $"{pairs} scores", 4.0 * Single * pairs, 0, inputs =>
        {
            var (scores, joint, marginal, gradient) = (
                inputs.Random(pairs, 1), inputs.Weights(pairs), inputs.Weights(pairs), inputs.Random(pairs, 1));
            return () => inputs.Device.DonskerVaradhan(scores, joint, marginal, gradient);
        });
        foreach (var count in size.For([1_000], [76_417, 1_573_725], new[] { 76_417, 1_573_725 }))
        {
            yield return new("Adam", $"{count} parameters", 7.0 * Single * count, 0, inputs =>
            {
                var (w, g, m, v) = (
                    inputs.Random(1, count), inputs.Random(1, count, 1e-3f), inputs.Random(1, count, 1e-3f),
                    inputs.Keep(inputs.Device.Allocate(1, count)));
                return () => inputs.Device.Adam(w, g, m, v, 1e-6, 1);
            });
        }
    }

    private static OpBench MatMul(string what, int m, int n, int k, bool transposeA, bool transposeB) =>
        new("MatMul", $"({m}, {n}, {k}) {what}", Single * ((double)m * k + (double)k * n + (double)m * n), 2.0 * m * n * k, inputs =>
        {
            var (a, b, y) = (
                transposeA ? inputs.Random(k, m) : inputs.Random(m, k), transposeB ? inputs.Random(n, k) : inputs.Random(k, n),
                inputs.Random(m, n));
            return () => inputs.Device.MatMul(a, b, y, transposeA, transposeB);
        });

    /// <summary>What the experts of two rows yield, put together.</summary>
    private static OpBench MixRows(int rows, int width) =>
        new("MixRows", $"({rows}, {width}) of 2 rows each", 3.0 * Single * rows * width, 4.0 * rows * width, inputs =>
        {
            var (x, places, weights, y) =
                (inputs.Random(2 * rows, width), inputs.Indices(2 * rows, 2 * rows), inputs.Random(rows, 2), inputs.Random(rows, width));
            return () => inputs.Device.MixRows(x, places.Reshape(rows, 2), weights, y);
        });

    /// <summary>A stored form by its definition: the host's ways of reading it are measured by the benchmarks of the host.</summary>
    private static OpBench Unpack(string form, int rows, int width) =>
        new("Unpack", $"({rows}, {width}) {form}", 1.0 * Single * rows * width, 0, inputs =>
        {
            var matrix = inputs.Keep(ForgedMatrix.Forms[form](new(1), rows, width));
            var y = inputs.Random(rows, width).Reshape(rows, width);
            return () => inputs.Device.Unpack(new(matrix, 0), y);
        });

    private static OpBench GatherRows(int rows, int width, bool inOrder) =>
        new("GatherRows", $"({rows}, {width}) {(inOrder ? "in order" : "anywhere")}", 2.0 * Single * rows * width, 0, inputs =>
        {
            var index = inOrder ? inputs.Indices([.. Enumerable.Range(0, rows)]) : inputs.Indices(rows, rows);
            var (source, destination) = (inputs.Random(rows, width), inputs.Random(rows, width));
            return () => inputs.Device.GatherRows(source, index, destination);
        });

    private static OpBench Gate(int rows, int width, Activation activation) =>
        new("Gate", $"({rows}, {width}) {activation}", 3.0 * Single * rows * width, 0, inputs =>
        {
            var (gate, up, y) = (inputs.Random(rows, width), inputs.Random(rows, width), inputs.Random(rows, width));
            return () => inputs.Device.Gate(gate, up, activation, y);
        });

    private static OpBench Rotate(int rows, int heads, int head) =>
        new("Rotate", $"({rows}, {heads} x {head})", 2.0 * Single * rows * heads * head, 0, inputs =>
        {
            var layout = new HeadLayout(heads, head, head);
            var (x, positions, cosines, sines) = (
                inputs.Random(rows, heads * head), inputs.Indices(rows, 8), inputs.Random(8, head / 2), inputs.Random(8, head / 2));
            return () => inputs.Device.Rotate(x, layout, positions, cosines, sines, RotaryPairs.Halves);
        });

    /// <summary>Chains of some length: a row sees (length + 1) / 2 rows on average, twice as many multiply-adds a head's column.</summary>
    private static OpBench Attention(int rows, int length, int queries, int keys, int head) =>
        new(
            "Attention",
            $"{rows} rows in chains of {length}, {queries}/{keys} x {head}",
            (double)Single * rows * head * (2.0 * queries + 2.0 * keys),
            2.0 * rows * (length + 1) * queries * head,
            inputs =>
        {
            var shape = new AttentionShape(new(queries, head, head), new(keys, head, head), (float)(1 / Math.Sqrt(head)));
            var parents = inputs.Indices([.. Enumerable.Range(0, rows).Select(row => row % length == 0 ? -1 : row - 1)]);
            var (q, k, v, y) = (
                inputs.Random(rows, queries * head), inputs.Random(rows, keys * head), inputs.Random(rows, keys * head),
                inputs.Random(rows, queries * head));
            return () => inputs.Device.Attention(q, k, v, parents, y, shape);
        });
}
