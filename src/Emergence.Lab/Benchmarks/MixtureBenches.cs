using Emergence.Devices;

namespace Emergence.Lab.Benchmarks;

/// <summary>What reading a side through noise takes: 1,024 draws among states of SmolLM2-135M or of a model of 4,096 columns.</summary>
internal static class MixtureBenches
{
    private const int Single = sizeof(float), Sizes = 8;

    public static IEnumerable<OpBench> All(DeviceScale size)
    {
        var (draws, components, width) = (size.For(16, 1_024, 1_024), size.For(32, 2_048, 2_048), size.For(8, 576, 4_096));
        yield return new("SquareDistances", $"({draws}, {width}) and ({components}, {width})",
            Single * ((double)(draws + components) * width + (double)draws * components), 3.0 * draws * components * width, inputs =>
        {
            var (a, b, y) = (inputs.Random(draws, width), inputs.Random(components, width), inputs.Random(draws, components));
            return () => inputs.Device.SquareDistances(a, b, null, y);
        });
        yield return new("SumMixture", $"{draws} draws, {components} components, {Sizes} sizes", 2.0 * Single * draws * components,
            50.0 * draws * components * Sizes, inputs =>
        {
            var (dots, squares, logs, own) = (inputs.Random(draws, components), inputs.Random(draws, components),
                inputs.Random(1, components), inputs.Random(draws, 2));
            var (rows, inverses, sums) = (inputs.Indices(draws, draws), inputs.Random(1, Sizes), inputs.Random(draws, 2 * Sizes));
            return () => inputs.Device.SumMixture(dots, squares, rows, logs, own, inverses, sums);
        });
    }
}
