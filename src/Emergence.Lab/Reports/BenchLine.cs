using System.Text.Json.Serialization;
using Emergence.Lab.Benchmarks;

namespace Emergence.Lab.Reports;

/// <summary>A row as it stands in a file: its times side by side, and its share of the roof of that file.</summary>
internal sealed record BenchLine : BenchRow
{
    public BenchLine(BenchRow row, Roof roof) : base(row) => OfRoof = row.ShareOf(roof);

    [JsonConstructor]
    public BenchLine(string kind, string op, string kernel, string shape, string cache, int calls, double median, double low, double high,
        double host, double bytes, double flops)
        : base(kind, op, kernel, shape, cache, new(calls, median, low, high, host), bytes, flops)
    {
    }

    [JsonPropertyOrder(1)]
    public int Calls => Time.Calls;

    [JsonPropertyName("median_s"), JsonPropertyOrder(1)]
    public double Median => Time.Median;

    [JsonPropertyName("q1_s"), JsonPropertyOrder(1)]
    public double Low => Time.Low;

    [JsonPropertyName("q3_s"), JsonPropertyOrder(1)]
    public double High => Time.High;

    [JsonPropertyName("host_s"), JsonPropertyOrder(1)]
    public double Host => Time.Host;

    [JsonPropertyOrder(3)]
    public double? OfRoof { get; }
}
