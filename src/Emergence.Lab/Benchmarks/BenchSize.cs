using Emergence.Devices;

namespace Emergence.Lab.Benchmarks;

/// <summary>How large benchmarks are, by what the device can do in a few seconds.</summary>
internal enum BenchSize
{
    /// <summary>The emulator and the reference: a look at every op.</summary>
    Tiny,

    /// <summary>A processor.</summary>
    Host,

    /// <summary>The published sizes.</summary>
    Gpu,
}

internal static class BenchSizes
{
    public static BenchSize Of(Device device) => device.Name switch
    {
        "cuda" => BenchSize.Gpu,
        "cpu" => BenchSize.Host,
        _ => BenchSize.Tiny,
    };

    /// <summary>The number for a size.</summary>
    public static T For<T>(this BenchSize size, T tiny, T host, T gpu) => size switch
    {
        BenchSize.Tiny => tiny,
        BenchSize.Host => host,
        _ => gpu,
    };
}
