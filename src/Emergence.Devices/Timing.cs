namespace Emergence.Devices;

/// <summary>Seconds of a piece of work.</summary>
/// <param name="Device">On the device's own clock if it has one, without the wait for its end.</param>
/// <param name="Host">Until the last call had returned: what queueing the work costs the host.</param>
internal readonly record struct WorkTime(double Device, double Host);

/// <summary>Samples of one call, in seconds.</summary>
/// <param name="Calls">Calls that were timed, all samples together.</param>
/// <param name="Median">Median of the samples.</param>
/// <param name="Low">First quartile.</param>
/// <param name="High">Third quartile.</param>
/// <param name="Host">
/// Median of what one call takes to return: if it is as long as the call itself, launches are what is measured.
/// </param>
internal readonly record struct Timing(int Calls, double Median, double Low, double High, double Host)
{
    private const int FewestSamples = 3, MostSamples = 101;
    private const double SampleSeconds = 2e-3;

    /// <summary>Warms up, finds how many calls make a sample of 2 ms or more, and takes samples until the time is used.</summary>
    /// <param name="device">Runs the calls.</param>
    /// <param name="calls">Taken in turn: one call stays in the caches, many that are larger than them together do not.</param>
    /// <param name="seconds">Time for all samples.</param>
    /// <param name="cancellation">Ends it between samples.</param>
    public static Timing Of(Device device, IReadOnlyList<Action> calls, double seconds, CancellationToken cancellation)
    {
        var next = 0;
        WorkTime Sample(int count) => device.Time(() =>
        {
            for (var i = 0; i < count; i++)
                calls[next++ % calls.Count]();
        });

        Sample(calls.Count);
        var once = Math.Max(1e-7, Sample(1).Device);
        var each = (int)Math.Clamp(SampleSeconds / once, 1, 1_000);
        var samples = new List<WorkTime>();
        for (var used = 0.0; samples.Count < FewestSamples || (used < seconds && samples.Count < MostSamples); used += Math.Max(
            samples[^1].Device, samples[^1].Host))
        {
            cancellation.ThrowIfCancellationRequested();
            samples.Add(Sample(each));
        }

        return Of(samples, each);
    }

    /// <summary>Quartiles of samples that are <paramref name="each"/> calls long.</summary>
    public static Timing Of(IReadOnlyList<WorkTime> samples, int each)
    {
        double[] sorted = [.. samples.Select(sample => sample.Device / each).Order()];
        double[] host = [.. samples.Select(sample => sample.Host / each).Order()];
        return new(samples.Count * each, Quantile(sorted, 0.5), Quantile(sorted, 0.25), Quantile(sorted, 0.75), Quantile(host, 0.5));
    }

    /// <summary>Between the two neighbours of the place, in a straight line.</summary>
    private static double Quantile(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var (low, high) = (sorted[(int)place], sorted[Math.Min((int)place + 1, sorted.Length - 1)]);
        return low + (place - (int)place) * (high - low);
    }
}
