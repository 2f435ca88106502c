using System.Diagnostics;

namespace Emergence.Benchmarks;

/// <summary>Seconds of one call: on the clock, and of processor time, which other programs on the machine disturb less.</summary>
internal readonly record struct Sample(double Wall, double Processor);

/// <summary>Contestants take turns, so that a change of the machine's load meets all of them.</summary>
internal static class Rounds
{
    public static Sample Time(Action work)
    {
        var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        work();
        return new(watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    /// <summary>One warm-up, then every contestant once a round; samples by contestant.</summary>
    public static Sample[][] Run(int rounds, params Func<Sample>[] contestants)
    {
        var samples = contestants.Select(_ => new Sample[rounds]).ToArray();
        foreach (var contestant in contestants)
            contestant();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < contestants.Length; i++)
                samples[i][round] = contestants[i]();
        }

        return samples;
    }

    /// <summary>Median over the rounds of how much longer theirs took than ours.</summary>
    public static double Ratio(Sample[] theirs, Sample[] ours, Func<Sample, double> seconds) => Median(theirs.Zip(ours, (a, b) => seconds(a) / seconds(b)));

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
