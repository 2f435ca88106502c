using Emergence.Devices;
using Emergence.Devices.Tensors;
using Pair = (Emergence.Devices.Tensors.Tensor Tested, Emergence.Devices.Tensors.Tensor Expected);

namespace Emergence.Lab.Verification;

/// <summary>Matrix products in all layouts, with all epilogues and stored types.</summary>
internal static class MatMulChecks
{
    // N and K of GPT-2 small, SmolLM2-135M (3 key heads), Llama-3.2-1B and both critics' layers.
    private static readonly (int N, int K)[] s_layers = [
        (2304, 768), (768, 3072), (1536, 576), (192, 576), (2048, 2048), (64, 576), (384, 768), (1, 3)
    ];

    public static IEnumerable<OpCheck> All(bool small)
    {
        foreach (var m in OpChecks.Awkward)
        {
            foreach (var n in OpChecks.Awkward)
                yield return Product(m, n, OpChecks.Awkward[(m + n) % OpChecks.Awkward.Length]);
        }

        foreach (var (m, n, k) in new[] { (5, 64, 0), (65, 64, 0), (7, 50, 769), (200, 17, 385) })
            yield return Product(m, n, k);
        foreach (var (n, k) in s_layers)
        {
            var rows = small ? 5 : 129;
            yield return new("MatMul", $"({rows}, {n}, {k}) layer", run => Layer(run, rows, n, k, Activation.None, alias: false));
        }

        // Gradients of weights: a sum over all pairs, cut into parts by some devices.
        (int M, int N, int K)[] sums = [(3, 5, 9_001), (65, 70, 33_001), (64, 33, 20_001), (12, 24, 100_003), (384, 768, 70_000)];
        foreach (var (m, n, k) in small ? sums[..2] : sums)
            yield return new("MatMul", $"({m}, {n}, {k}) gradient", run => Transposed(run, m, n, k, true, false, Bound(run, k)));
        foreach (var activation in Enum.GetValues<Activation>())
        {
            foreach (var (n, k, alias) in new[] { (33, 31, false), (257, 33, true), (3, 800, true), (16, 1000, false) })
                yield return new(
                    "MatMul", $"(13, {n}, {k}) bias {activation} residual{(alias ? " in place" : "")}",
                    run => Layer(run, 13, n, k, activation, alias));
        }

        foreach (var type in new[] { DType.Float32, DType.Float64, DType.Float16, DType.BFloat16 })
        {
            foreach (var transpose in new[] { false, true })
                yield return new(
                    "MatMul", $"(9, 35, 41) {type} weights{(transpose ? " transposed" : "")}", run => Stored(run, type, transpose));
        }
    }

    private static OpCheck Product(int m, int n, int k) => new("MatMul", $"({m}, {n}, {k}) four layouts", run =>
    {
        foreach (var (transposeA, transposeB) in new[] { (false, false), (false, true), (true, false), (true, true) })
            Transposed(run, m, n, k, transposeA, transposeB, Bound(run, k));
    });

    private static double Bound(OpRun run, int k) => run.Precision.Dot(k);

    private static void Transposed(OpRun run, int m, int n, int k, bool transposeA, bool transposeB, double bound)
    {
        var (a, b, y) = (
            transposeA ? run.Random(k, m) : run.Random(m, k), transposeB ? run.Random(n, k) : run.Random(k, n), run.Random(m, n));
        run.Both((device, on) => device.MatMul(on(a), on(b), on(y), transposeA, transposeB));
        var sizes = Sizes(run, a, b, m, n, transposeA, transposeB);
        run.Compare(y, i => bound * sizes[i]);
    }

    private static void Stored(OpRun run, DType type, bool transpose)
    {
        var (a, y) = (run.Random(9, 41), run.Random(9, 35));
        var b = transpose ? run.Stored(type, 35, 41) : run.Stored(type, 41, 35);
        run.Both((device, on) => device.MatMul(on(a), on(b), on(y), transposeB: transpose));
        var sizes = Sizes(run, a, b, 9, 35, false, transpose);

        // A double as weight may be rounded first.
        run.Compare(y, i => (Bound(run, 41) + run.Precision.Sum) * sizes[i]);
    }

    private static void Layer(OpRun run, int m, int n, int k, Activation activation, bool alias)
    {
        var scale = 1 / Math.Sqrt(k);
        var (a, b, bias, y, plain) = (run.Random(m, k, 1.5), run.Random(n, k, scale), run.Random(1, n), run.Random(m, n), run.Random(m, n));
        var residual = alias ? y : run.Random(m, n);
        var added = run.Read(residual, true);
        run.Both((device, on) => device.MatMul(on(a), on(b), on(y), false, true, on(bias), activation, on(residual)));
        run.Reference.MatMul(a.Expected, b.Expected, plain.Expected, false, true, bias.Expected);
        var (sizes, before, after, biases) = (
            Sizes(run, a, b, m, n, false, true), run.Read(plain, true), run.Read(y, true), run.Read(bias, true));
        var u = run.Precision.Sum;
        run.Compare(y, i =>
        {
            // Slopes of all activations but the square are below 1.2; what they lose far below 0 is little of x.
            var sum = Bound(run, k) * sizes[i] + u * (Math.Abs(before[i]) + Math.Abs(biases[i % n]));
            var activated = activation == Activation.None ? 0 : 30 * u * Math.Abs(before[i]);
            var slope = activation == Activation.ReluSquared ? 2 * (Math.Abs(before[i]) + sum) : 1.2;
            return slope * sum + activated + u * (Math.Abs(after[i]) + Math.Abs(added[i]));
        });
    }

    /// <summary>Sums of magnitudes of the products.</summary>
    private static double[] Sizes(OpRun run, Pair a, Pair b, int m, int n, bool transposeA, bool transposeB)
    {
        var sizes = run.Keep(run.Reference.Allocate(m, n));
        run.Reference.MatMul(run.Magnitudes(a.Expected), run.Magnitudes(b.Expected), sizes, transposeA, transposeB);
        return OpInputs.Read(run.Reference, sizes);
    }
}
