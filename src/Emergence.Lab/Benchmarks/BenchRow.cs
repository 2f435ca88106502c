using System.Text.Json.Serialization;
using Emergence.Devices;

namespace Emergence.Lab.Benchmarks;

/// <summary>One measured row.</summary>
/// <param name="Kind">"roof", "op", "kernel" or "step".</param>
/// <param name="Op">Name of the device's method, or of what a step trains.</param>
/// <param name="Kernel">Name in the kernel table, of a row about one kernel of an op; else empty.</param>
/// <param name="Shape">What it was given.</param>
/// <param name="Cache">"warm": the same inputs again and again; "cold": inputs that are in no cache; empty for steps.</param>
/// <param name="Time">Seconds.</param>
/// <param name="Bytes">Least traffic of one call; 0 if it is not known.</param>
/// <param name="Flops">Arithmetic of one call; 0 if it is not known.</param>
internal record BenchRow(string Kind, string Op, string Kernel, string Shape, string Cache, [property: JsonIgnore] Timing Time,
    [property: JsonPropertyOrder(2)] double Bytes, [property: JsonPropertyOrder(2)] double Flops)
{
    /// <summary>GB/s, or null.</summary>
    [JsonPropertyName("gb_per_s"), JsonPropertyOrder(2)]
    public double? Gigabytes => Bytes > 0 ? Bytes / Time.Median / 1e9 : null;

    /// <summary>TFLOP/s, or null.</summary>
    [JsonPropertyName("tflop_per_s"), JsonPropertyOrder(2)]
    public double? Teraflops => Flops > 0 ? Flops / Time.Median / 1e12 : null;

    /// <summary>What rows of two runs that are about one piece of work have in common.</summary>
    [JsonIgnore]
    public (string Kind, string Op, string Kernel, string Shape, string Cache) Key => (Kind, Op, Kernel, Shape, Cache);

    /// <summary>Time at the roof as a share of the time taken, or null.</summary>
    public double? ShareOf(Roof roof) =>
        Bytes > 0 || Flops > 0 ? Math.Max(Bytes / roof.BytesPerSecond, Flops / roof.FlopsPerSecond) / Time.Median : null;

    /// <summary>Without what a record that is made of it adds.</summary>
    public BenchRow Alone() => new(this);
}

/// <summary>What the device gives at best, measured in the same run: the fastest large copy, the fastest large product.</summary>
internal readonly record struct Roof(double BytesPerSecond, double FlopsPerSecond);
