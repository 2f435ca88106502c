using Emergence.Devices;

namespace Emergence.Lab.Benchmarks;

/// <summary>How large benchmarks are.</summary>
internal static class BenchSizes
{
    /// <summary>The number for a scale.</summary>
    public static T For<T>(this DeviceScale scale, T tiny, T host, T gpu) => scale switch
    {
        DeviceScale.Tiny => tiny,
        DeviceScale.Host => host,
        _ => gpu,
    };
}
