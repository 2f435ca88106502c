using System.Globalization;
using System.Diagnostics;
using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Benchmarks;

/// <summary>
/// Seconds of a cell with preset canonical, by part: y is x, bent and with noise, so that the sides correspond as neighbouring
/// boundaries do. The last size is a cell of the published grid: all four-shot sequences of 25 countries at a width of 768.
/// </summary>
internal static class CanonicalBenchmark
{
    private static readonly (int Classes, int Columns)[] Sizes =
        [(25, 576), (600, 64), (588, 576), (2_000, 576), (13_800, 576), (303_600, 768)];

    public static void Run(Arguments arguments)
    {
        using var device = arguments.OpenCpu();
        Machine.Print(device);
        Console.WriteLine(
            "| classes | columns | classes found s | whitened s | pairs s | training s | steps | steps/s | bits | exact | multiply-adds "
            + "| peak MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        (int, int)[] one = [(arguments.Classes, arguments.Columns)];
        foreach (var (classes, columns) in arguments.Classes > 0 && arguments.Columns > 0 ? one : Sizes)
            Measure(device, classes, columns);
    }

    private static void Measure(Device device, int classes, int columns)
    {
        var (joint, found) = Time(() => Joint(classes, columns));
        var whitened = Time(() => (joint.X.Whitening(device.ShareOnHost), joint.Y.Whitening(device.ShareOnHost))).Seconds;
        var pairs = Time(() => joint.CanonicalPairs(CriticPreset.Canonical.CanonicalColumns, device.ShareOnHost)).Seconds;
        MutualInformation? result = null;
        var training = Time(() =>
        {
            using var batch = new EstimationBatch(device, 1);
            batch.Run([new(EstimatorTable.Find("s-mine"), joint, CriticPreset.Canonical, 1, 0)], (_, value) =>
                result = value, CancellationToken.None);
            return result!;
        }).Seconds;
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, 
            $"| {classes} | {columns} | {found:0.00} | {whitened:0.00} | {pairs:0.00} | {training:0.00} | {result!.Steps} | "
            + $"{result.Steps / training:0} | {result.MiBits:0.000} | {result.ExactBits:0.000} | "
            + $"{result.MultiplyAdds + result.Canonical!.MultiplyAdds:0.0e0} | {process.PeakWorkingSet64 / 1e6:0} |"));
    }

    private static (T Value, double Seconds) Time<T>(Func<T> work)
    {
        var watch = Stopwatch.StartNew();
        var value = work();
        return (value, watch.Elapsed.TotalSeconds);
    }

    private static JointClasses Joint(int classes, int columns)
    {
        var random = new RandomSequence(1, 0, RandomStream.Samplers);
        var (x, counts) = (new float[classes * columns], new double[classes]);
        Array.Fill(counts, 1);
        for (var i = 0; i < x.Length; i++)
            x[i] = (float)(random.NextDouble() + random.NextDouble() - 1);
        var left = new RowClasses(x, columns, counts);
        for (var i = 0; i < x.Length; i++)
            x[i] += 0.3f * (x[i] * x[i] + (float)random.NextDouble());
        return new(left, new(x, columns, counts), isEnumeration: true);
    }
}
