using Emergence.Devices;
using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;

namespace Emergence.Lab.Verification;

/// <summary>Ops of the forward pass that are neither products nor attention.</summary>
internal static class ForwardChecks
{
    // Widths of GPT-2 small, SmolLM2-135M and Llama-3.1-8B.
    private static readonly int[] s_models = [768, 576, 4096];

    private static readonly DType[] s_stored = [DType.Float32, DType.Float64, DType.Float16, DType.BFloat16];

    // The rotary part of SmolLM2, of Llama-3.1-8B, of Phi-2 (32 of 80) and of GPT-NeoX with its heads between others.
    private static readonly (HeadLayout Heads, int Half)[] s_rotations = [
        (new(9, 64, 64), 32), (new(32, 128, 128), 64), (new(32, 80, 80), 16), (new(12, 64, 192), 8)
    ];

    private static readonly (HeadLayout Heads, int Half)[] s_awkwardRotations = [
        (new(3, 20, 20), 10), (new(2, 16, 48), 3), (new(1, 2, 2), 1)
    ];

    public static IEnumerable<OpCheck> All(bool small)
    {
        var rows = small ? 5 : 257;
        (int Rows, int Width)[] shapes = [.. OpChecks.Awkward.Select(width => (7, width)), .. s_models.Select(width => (rows, width))];
        foreach (var (n, width) in shapes)
        {
            foreach (var type in s_stored)
                yield return new("Embed", $"({n}, {width}) of {type} (11, {width})", run => Embed(run, type, n, width));
        }

        foreach (var (n, width) in shapes)
        {
            foreach (var copies in (int[])[1, 2, 9])
                yield return new("MixRows", $"({n}, {width}) of {copies} rows each", run => MixRows(run, n, width, copies));
        }

        foreach (var (n, width) in shapes[..^1].Where(shape => shape.Width != s_models[0]))
        {
            foreach (var form in ForgedMatrix.Forms.Keys)
                yield return new("Unpack", $"({n}, {width}) {form}", run => Unpack(run, form, n, width));
        }

        foreach (var (n, width) in shapes)
            yield return new("GatherRows", $"({n}, {width}) of (9, {width})", run => GatherRows(run, n, width));
        foreach (var (n, width) in shapes)
        {
            yield return new("LayerNorm", $"({n}, {width}) weight bias residual", run => LayerNorm(run, n, width, true, true));
            yield return new("LayerNorm", $"({n}, {width})", run => LayerNorm(run, n, width, false, false));
            yield return new("LayerNorm", $"({n}, {width}) weight residual", run => LayerNorm(run, n, width, true, false));
        }

        foreach (var (n, width) in shapes)
        {
            yield return new("RmsNorm", $"({n}, {width})", run => RmsNorm(run, n, width, true, false));
            yield return new("RmsNorm", $"({n}, {width}) no weight, residual", run => RmsNorm(run, n, width, false, true));
        }

        foreach (var (heads, half) in s_awkwardRotations.Concat(s_rotations))
        {
            foreach (var pairs in Enum.GetValues<RotaryPairs>())
                yield return new(
                    "Rotate", $"({rows}, {heads.Count} x {heads.Size} every {heads.Stride}) {2 * half} columns, {pairs}",
                    run => Rotate(run, rows, heads, half, pairs));
        }

        foreach (var (n, width) in shapes)
        {
            foreach (var activation in Enum.GetValues<Activation>())
                yield return new("Gate", $"({n}, {width}) {activation}", run => Gate(run, n, width, activation));
        }

        foreach (var (n, width) in shapes)
        {
            yield return new("Scale", $"({n}, {width})", run => Scale(run, n, width, withResidual: false));
            yield return new("Scale", $"({n}, {width}) residual", run => Scale(run, n, width, withResidual: true));
            yield return new("Clip", $"({n}, {width})", run => Clip(run, n, width));
            yield return new("ApplyXielu", $"({n}, {width})", run => ApplyXielu(run, n, width));
        }

        foreach (var (heads, half) in s_awkwardRotations.Concat(s_rotations))
        {
            yield return new("CopyHeads", $"({rows}, {heads.Count} x {heads.Size} every {heads.Stride})", run =>
                CopyHeads(run, rows, heads, heads with { Stride = heads.Size + half }));
            yield return new("CopyHeads", $"({rows}, 1 x {heads.Size}) to {heads.Count} every {heads.Stride}", run =>
                CopyHeads(run, rows, new(1, heads.Size, heads.Size), heads));
        }

        foreach (var (n, width) in shapes)
            yield return new("SoftCap", $"({n}, {width}) cap 30", run => SoftCap(run, n, width));
    }

    /// <summary>Units by which an activation may err, of its own value: e^x and erfc lose x^2 of them far below 0.</summary>
    internal static double ActivationUnits(double x) => 24 + (x < 0 ? 4 * Math.Pow(Math.Min(88, -x), 2) : 0);

    private static void Embed(OpRun run, DType type, int rows, int width)
    {
        var (ids, table, y) = (run.RandomIndices(rows, 11), run.Stored(type, 11, width), run.Random(rows, width));
        foreach (var accumulate in new[] { false, true })
        {
            var before = run.Read(y, expected: true);
            run.Both((device, on) => device.Embed(on(ids), on(table), 1.5f, on(y), accumulate));
            var after = run.Read(y, expected: true);

            // The weight, its product and the sum are rounded.
            run.Compare(y, i => 3 * run.Precision.Sum * (Math.Abs(after[i]) + (accumulate ? Math.Abs(before[i]) : 0)));
        }
    }

    private static void MixRows(OpRun run, int rows, int width, int copies)
    {
        var (x, weights, y) = (run.Random(11, width), run.Random(rows, copies), run.Random(rows, width));
        int[] index = [.. Enumerable.Range(0, rows * copies).Select(_ => run.Generator.Next(11))];
        var places = run.Indices(index);
        run.Both((device, on) => device.MixRows(on(x), on(places).Reshape(rows, copies), on(weights), on(y)));
        var (xs, ws) = (run.Read(x, true), run.Read(weights, true));

        // Each product and each sum is rounded; the default makes a row of a weight by a product with ones, which rounds its operands.
        run.Compare(y, i => ((copies + 1) * run.Precision.Sum + run.Precision.Dot(1)) * Enumerable.Range(0, copies)
            .Sum(j => Math.Abs(ws[i / width * copies + j] * xs[index[i / width * copies + j] * width + i % width])));
    }

    /// <summary>Rows from the middle of a matrix as they are, with columns in another order, and in another order themselves.</summary>
    private static void Unpack(OpRun run, string form, int rows, int width)
    {
        const int Start = 2;
        var matrix = run.Keep(ForgedMatrix.Forms[form](run.Generator, Start + rows + 1, width));
        int[] rowOrder = [.. Enumerable.Range(0, matrix.Rows)], columnOrder = [.. Enumerable.Range(0, width)];
        run.Generator.Shuffle(rowOrder);
        run.Generator.Shuffle(columnOrder);
        foreach (var slice in (PackedSlice[])[new(matrix, Start), new(matrix, Start, null, columnOrder), new(matrix, Start, rowOrder)])
        {
            var y = (run.Keep(run.Device.Allocate(rows, width)), run.Keep(run.Reference.Allocate(rows, width)));
            run.Both((device, on) => device.Unpack(slice, on(y)));
            run.Compare(y, _ => 0);
        }
    }

    private static void GatherRows(OpRun run, int rows, int width)
    {
        var (source, index, destination) = (run.Random(9, width), run.RandomIndices(rows, 9), run.Random(rows, width));
        run.Both((device, on) => device.GatherRows(on(source), on(index), on(destination)));
        run.Compare(destination, _ => 0);
    }

    private static void LayerNorm(OpRun run, int rows, int width, bool withWeight, bool withBias)
    {
        const float Epsilon = 1e-3f;
        var (x, w, b, r, y) = (
            run.Random(rows, width), run.Random(1, width), run.Random(1, width), run.Random(rows, width), run.Random(rows, width));
        run.Both(
            (device, on) => device.LayerNorm(
                on(x), withWeight ? on(w) : null, withBias ? on(b) : null, Epsilon, on(y), withWeight ? on(r) : null));
        var (xs, ws, bs, rs) = (run.Read(x, true), run.Read(w, true), run.Read(b, true), run.Read(r, true));
        var (u, chain) = (run.Precision.Sum, run.Precision.Chain(width));
        var means = xs.Chunk(width).Select(row => row.Average()).ToArray();
        var shifts = xs.Chunk(width).Select(row => chain * row.Average(Math.Abs)).ToArray();
        var variances = xs.Chunk(width).Select((row, n) => row.Average(v => Math.Pow(v - means[n], 2))).ToArray();
        run.Compare(y, i =>
        {
            // The mean is off by a chain; squares of differences from it lose that to second order only.
            var (row, c) = (i / width, i % width);
            var scale = (withWeight ? Math.Abs(ws[c]) : 1) / Math.Sqrt(variances[row] + Epsilon);
            var ofScale = 0.5 * ((chain + 4 * u) * variances[row] + shifts[row] * shifts[row]) / (variances[row] + Epsilon) + 3 * u;
            var value = Math.Abs(xs[i] - means[row]) * scale;
            var added = (withBias ? Math.Abs(bs[c]) : 0) + (withWeight ? Math.Abs(rs[i]) : 0);
            return scale * shifts[row] + value * (ofScale + 6 * u) + 2 * u * added;
        });
    }

    private static void RmsNorm(OpRun run, int rows, int width, bool withWeight, bool withResidual)
    {
        var (x, w, r, y) = (run.Random(rows, width), run.Random(1, width), run.Random(rows, width), run.Random(rows, width));
        run.Both((device, on) => device.RmsNorm(on(x), withWeight ? on(w) : null, 1e-6f, on(y), withResidual ? on(r) : null));
        var (xs, ws, rs) = (run.Read(x, true), run.Read(w, true), run.Read(r, true));
        var u = run.Precision.Sum;
        var scales = xs.Chunk(width).Select(row => 1 / Math.Sqrt(row.Average(v => v * v) + 1e-6f)).ToArray();
        run.Compare(y, i =>
        {
            // Half the relative error of the mean square, and the rounding of the rest.
            var (value, factor) = (Math.Abs(xs[i]) * scales[i / width], withWeight ? Math.Abs(ws[i % width]) : 1);
            return value * factor * (0.5 * run.Precision.Chain(width) + 8 * u) + 2 * u * (withResidual ? Math.Abs(rs[i]) : 0);
        });
    }

    private static void Rotate(OpRun run, int rows, HeadLayout heads, int half, RotaryPairs pairs)
    {
        var columns = (heads.Count - 1) * heads.Stride + heads.Size + 1;
        int[] at = [.. Enumerable.Range(0, rows).Select(_ => run.Generator.Next(7))];
        var (x, positions, cosines, sines) = (run.Random(rows, columns), run.Indices(at), run.Random(7, half), run.Random(7, half));
        var (xs, c, s) = (run.Read(x, true), run.Read(cosines, true), run.Read(sines, true));
        run.Both((device, on) => device.Rotate(on(x), heads, on(positions), on(cosines), on(sines), pairs));

        // Two products and their sum; what is not turned stays as it is.
        var bounds = new double[xs.Length];
        for (var i = 0; i < rows * heads.Count * half; i++)
        {
            var (row, head, pair) = (i / half / heads.Count, i / half % heads.Count, i % half);
            var start = row * columns + head * heads.Stride;
            var (first, second) = pairs == RotaryPairs.Halves
                ? (start + pair, start + pair + half)
                : (start + 2 * pair, start + 2 * pair + 1);
            var (cosine, sine) = (Math.Abs(c[at[row] * half + pair]), Math.Abs(s[at[row] * half + pair]));
            bounds[first] = 3 * run.Precision.Sum * (Math.Abs(xs[first]) * cosine + Math.Abs(xs[second]) * sine);
            bounds[second] = 3 * run.Precision.Sum * (Math.Abs(xs[second]) * cosine + Math.Abs(xs[first]) * sine);
        }

        run.Compare(x, i => bounds[i]);
    }

    private static void Gate(OpRun run, int rows, int width, Activation activation)
    {
        var (gate, up) = (run.Random(rows, width, 4), run.Random(rows, width));
        var before = run.Read(gate, true);
        run.Both((device, on) => device.Gate(on(gate), on(up), activation, on(gate)));
        var after = run.Read(gate, true);
        run.Compare(gate, i => Math.Max(1e-30, run.Precision.Sum * (2 + ActivationUnits(before[i])) * Math.Abs(after[i])));
    }

    private static void Scale(OpRun run, int rows, int width, bool withResidual)
    {
        var (x, r, y) = (run.Random(rows, width), run.Random(rows, width), run.Random(rows, width));
        run.Both((device, on) => device.Scale(on(x), -0.22f, on(y), withResidual ? on(r) : null));
        var (xs, rs) = (run.Read(x, true), run.Read(r, true));
        run.Compare(y, i => 2 * run.Precision.Sum * (0.22 * Math.Abs(xs[i]) + (withResidual ? Math.Abs(rs[i]) : 0)));
    }

    private static void Clip(OpRun run, int rows, int width)
    {
        var x = run.Random(rows, width, 3);
        run.Both((device, on) => device.Clip(on(x), -1.1f, 0.7f));
        run.Compare(x, _ => 0);
    }

    private static void ApplyXielu(OpRun run, int rows, int width)
    {
        var shape = new Xielu(0.8, 1.3, 0.5, -1e-6);
        var x = run.Random(rows, width, 4);
        var xs = run.Read(x, true);
        run.Both((device, on) => device.ApplyXielu(on(x), shape));

        // Each term by itself: they have different signs.
        run.Compare(x, i => run.Precision.Sum * (2 * Math.Abs(shape.Linear * xs[i])
            + (xs[i] > 0 ? 4 * shape.Positive * xs[i] * xs[i]
                : shape.Negative * (12 * Math.Abs(Math.Exp(xs[i]) - 1) + 4 * Math.Abs(xs[i]) + 1e-6))));
    }

    private static void CopyHeads(OpRun run, int rows, HeadLayout from, HeadLayout to)
    {
        var (source, destination) =
            (run.Random(rows, (from.Count - 1) * from.Stride + from.Size + 1), run.Random(rows, (to.Count - 1) * to.Stride + to.Size));
        run.Both((device, on) => device.CopyHeads(on(source), from, on(destination), to));
        run.Compare(destination, _ => 0);
    }

    private static void SoftCap(OpRun run, int rows, int width)
    {
        var x = run.Random(rows, width, 30);
        run.Both((device, on) => device.SoftCap(on(x), 30));
        var after = run.Read(x, true);
        run.Compare(x, i => 10 * run.Precision.Sum * Math.Max(1e-6, Math.Abs(after[i])));
    }
}
