using Emergence.Devices;

namespace Emergence.Lab.Benchmarks;

/// <summary>What goes along the paths of a forest, at the sizes of Mamba, Mamba-2 and Qwen 3.5, over chains of rows.</summary>
internal static class PathBenches
{
    private const int Single = sizeof(float), Chain = 8, Taps = 4;

    public static OpBench Convolve(int rows, int width) =>
        new("ConvolvePaths", $"({rows}, {width}) {Taps} taps", 2.0 * Single * rows * width, 2.0 * rows * width * Taps, inputs =>
        {
            var (x, weight, bias, y) =
                (inputs.Random(rows, width), inputs.Random(width, Taps), inputs.Random(1, width), inputs.Random(rows, width));
            var paths = Chains(inputs, rows);
            return () => inputs.Device.ConvolvePaths(x, paths, weight, bias, Activation.Silu, y);
        });

    public static IEnumerable<OpBench> Recurrences(DeviceScale size)
    {
        var (rows, heads) = (size.For(8, 512, 4_096), size.For(2, 24, 80));
        yield return Scan("Mamba", rows, size.For(64, 1_536, 5_120), 1, 16, byState: true);
        yield return Scan("Mamba-2", rows, heads, size.For(8, 64, 64), 128, byState: false);
        yield return Delta(rows, size.For(1, 8, 16), size.For(2, 16, 32), size.For(16, 128, 128));
    }

    private static OpBench Scan(string what, int rows, int heads, int width, int states, bool byState)
    {
        var channels = heads * width;
        return new("ScanPaths", $"({rows}, {heads} x {width}) states of {states}, {what}",
            Single * (double)rows * (2 * channels + heads + 2 * states), 6.0 * rows * channels * states, inputs =>
        {
            var (x, steps, b, c) =
                (inputs.Random(rows, channels), inputs.Random(rows, heads), inputs.Random(rows, states), inputs.Random(rows, states));
            var (rates, skip, bias, y) = (inputs.Random(heads, byState ? states : 1), inputs.Random(1, heads), inputs.Random(1, heads),
                inputs.Random(rows, channels));
            var paths = Chains(inputs, rows);
            return () => inputs.Device.ScanPaths(x, steps, b, c, paths, new(heads, 1, rates, skip) { StepBias = bias }, y);
        });
    }

    private static OpBench Delta(int rows, int keyHeads, int heads, int size)
    {
        var (keys, channels) = (keyHeads * size, heads * size);
        return new("DeltaPaths", $"({rows}, {heads} of {keyHeads} x {size})", Single * (double)rows * (2 * keys + 2 * channels + 2 * heads),
            7.0 * rows * channels * size, inputs =>
        {
            // Keys are short, so that states do not grow.
            var (q, k, v, y) = (inputs.Random(rows, keys), inputs.Random(rows, keys, 1e-3f), inputs.Random(rows, channels),
                inputs.Random(rows, channels));
            var (steps, gates, rates, bias) = (inputs.Random(rows, heads), inputs.Random(rows, heads), inputs.Random(heads, 1),
                inputs.Random(1, heads));
            var paths = Chains(inputs, rows);
            return () => inputs.Device.DeltaPaths(q, k, v, steps, gates, paths, new(keyHeads, heads, rates, bias), y);
        });
    }

    private static ForestPaths Chains(BenchInputs inputs, int rows) => inputs.Keep(
        new ForestPaths(inputs.Device, [.. Enumerable.Range(0, rows).Select(row => row % Chain == 0 ? -1 : row - 1)]));
}
