using System.Diagnostics;

namespace Emergence.Benchmarks;

/// <summary>Seconds of one call: on the clock, and of processor time, which other programs on the machine disturb less.</summary>
internal readonly record struct Sample(double Wall, double Processor);

/// <summary>Contestants take turns, so that a change of the machine's load meets all of them.</summary>
internal static class Rounds
{
    /// <summary>Milliseconds before a turn: threads of OpenBLAS and OpenMP wait for more work for some 30 in a loop, which would be the
    /// next one's processor.</summary>
    private const int Rest = 100;

    public static Sample Time(Action work)
    {
        var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        work();
        return new(watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    /// <summary>The mean of short calls after one that is not counted: threads that have slept wake at different times, and on cores that
    /// have yet to speed up.</summary>
    public static Sample TimeShort(Action work)
    {
        const int Calls = 4;
        work();
        var sample = Time(() =>
        {
            for (var i = 0; i < Calls; i++)
                work();
        });
        return new(sample.Wall / Calls, sample.Processor / Calls);
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
            {
                Thread.Sleep(Rest);
                samples[i][round] = contestants[i]();
            }
        }

        return samples;
    }

    /// <summary>Median over the rounds of how much longer theirs took than ours.</summary>
    public static double Ratio(Sample[] theirs, Sample[] ours, Func<Sample, double> seconds) =>
        Median(theirs.Zip(ours, (a, b) => seconds(a) / seconds(b)));

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
