using System.Globalization;
using System.Diagnostics;
using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Canonical;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Benchmarks;

/// <summary>
/// Seconds of a cell with preset canonical, by part, on vectors of lists of words that correspond as neighbouring boundaries do.
/// The last size is that of a cell of the published grid: all four-shot sequences of 25 countries at a width of 768.
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
            "| classes | columns | classes found s | pairs s | training s | steps | ms a step | processor s "
            + "| start bits | bits | held out | exact | multiply-adds | near found | peak MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        (int, int)[] one = [(arguments.Classes, arguments.Columns)];
        foreach (var (classes, columns) in arguments.Classes > 0 && arguments.Columns > 0 ? one : Sizes)
            Measure(device, classes, columns, arguments.Steps);
    }

    private static void Measure(Device device, int classes, int columns, int steps)
    {
        var preset = CriticPreset.Canonical with { StepLimit = steps > 0 ? steps : CriticPreset.Canonical.StepLimit };
        var (joint, found) = Time(() => Joint(classes, columns));
        var before = Restart();
        var pairs = Time(() => joint.CanonicalPairs(CriticPreset.Canonical.CanonicalColumns, device.ShareOnHost)).Seconds;
        MutualInformation? result = null;
        var training = Time(() =>
        {
            using var batch = new EstimationBatch(device, 1);
            batch.Run([new(EstimatorTable.Find("s-mine"), joint, preset, 1, 0)], (_, value) =>
                result = value, CancellationToken.None);
            return result!;
        }).Seconds;
        using var process = Process.GetCurrentProcess();
        var processor = (process.TotalProcessorTime - before).TotalSeconds;
        var peak = process.PeakWorkingSet64;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {classes} | {columns} | {found:0.00} | {pairs:0.00} | {training:0.00} | "
            + $"{result!.Steps} | {Step(joint, preset, device):0.00} | {processor:0.0} | "
            + $"{result.Canonical!.StartBits:0.000} | {result.MiBits:0.000} | {result.HeldOutBits:0.000} | {result.ExactBits:0.000} | "
            + $"{result.MultiplyAdds + result.Canonical.MultiplyAdds:0.0e0} | {NearFound(joint, device)} | {peak / 1e6:0} |"));
    }

    /// <summary>Milliseconds of a step alone, once the code is compiled.</summary>
    private static double Step(JointClasses joint, CriticPreset preset, Device device)
    {
        const int Warm = 200, Steps = 100;
        using var inputs = new DeviceInputs(device);
        var estimator = EstimatorTable.Find("s-mine");
        using var estimation = estimator.Start(new(estimator, joint, preset, 1, 0), device, inputs);
        device.Train([estimation.Training!], Warm);
        var watch = Stopwatch.StartNew();
        device.Train([estimation.Training!], Steps);
        return watch.Elapsed.TotalMilliseconds / Steps;
    }

    /// <summary>What part of the nearest classes was found, of some classes.</summary>
    private static string NearFound(JointClasses joint, Device device)
    {
        const int Asked = 200;
        var pairs = joint.CanonicalPairs(CriticPreset.Canonical.CanonicalColumns, device.ShareOnHost);
        if (pairs.Nearest is not { } nearest || joint.X.Count < Asked)
            return "-";
        var y = new ScaledClasses(pairs.OfY(device.ShareOnHost), pairs.Correlations);
        var x = new ScaledClasses(pairs.OfX(device.ShareOnHost), pairs.Correlations);
        var partners = NearestClasses.Partners(joint);
        var (found, all) = (0, 0);
        foreach (var a in Enumerable.Range(0, Asked).Select(i => (int)((long)i * joint.X.Count / Asked)))
        {
            var wanted = Enumerable.Range(0, joint.Y.Count).Except(partners[a])
                .OrderBy(b => ScaledClasses.Distance(x.Of(a), y.Of(b))).Take(nearest.Of(a).Length);
            (found, all) = (found + wanted.Intersect(nearest.Of(a)).Count(), all + nearest.Of(a).Length);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(double)found / all:0.00}");
    }

    /// <summary>Forgets what making the data took: memory, and its peak where the system lets it be reset. Says the processor time till
    /// now.</summary>
    private static TimeSpan Restart()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.WriteLine("peak memory includes the making of the data");
        }

        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    private static (T Value, double Seconds) Time<T>(Func<T> work)
    {
        var watch = Stopwatch.StartNew();
        var value = work();
        return (value, watch.Elapsed.TotalSeconds);
    }

    /// <summary>
    /// Class k is a list of four words, the digits of k by 25: x is the sum of a vector for each, the older the smaller, bent column by
    /// column; y is x and what a block adds, a bent function of other columns of x.
    /// </summary>
    private static JointClasses Joint(int classes, int columns)
    {
        const int Words = 25, Shots = 4;
        var random = new RandomSequence(1, 0, RandomStream.Samplers);
        float[] words = [.. Enumerable.Range(0, Shots * Words * columns).Select(i =>
            (float)random.NextNormal() / (1 + i / (Words * columns)))];
        var (rows, row, counts) = (new float[classes * columns], new float[columns], new double[classes]);
        Array.Fill(counts, 1);
        for (var k = 0; k < classes; k++)
        {
            var x = rows.AsSpan(k * columns, columns);
            for (var (shot, rest) = (0, k); shot < Shots; shot++, rest /= Words)
            {
                var word = words.AsSpan((shot * Words + rest % Words) * columns, columns);
                for (var c = 0; c < columns; c++)
                    x[c] += word[c];
            }

            foreach (ref var value in x)
                value = Bent(value);
        }

        var left = new RowClasses(rows, columns, counts);
        for (var k = 0; k < classes; k++)
        {
            var x = rows.AsSpan(k * columns, columns);
            x.CopyTo(row);
            for (var c = 0; c < columns; c++)
                x[c] += 0.3f * Bent(2 * (row[(c + 1) % columns] - row[(c + 7) % columns]));
        }

        return new(left, new(rows, columns, counts), isEnumeration: true);

        static float Bent(float value) => value / (1 + Math.Abs(value));
    }
}
