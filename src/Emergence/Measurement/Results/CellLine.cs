using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;

namespace Emergence.Measurement.Results;

/// <summary>A cell as a line of results.jsonl: where it stands, and what an estimator says about it.</summary>
internal sealed record CellLine : MutualInformation
{
    private static readonly JsonTypeInfo<CellLine> s_type = (JsonTypeInfo<CellLine>)new JsonSerializerOptions(RecordJson.Default.Options)
    {
        TypeInfoResolver = RecordJson.Default.WithAddedModifier(LeaveOutWhatIsNotThere),
    }.GetTypeInfo(typeof(CellLine));

    /// <summary>A line has what it leaves out from here.</summary>
    [JsonConstructor]
    public CellLine(double yBits = double.NaN, double sigma = double.NaN, double samplingErrorBits = double.NaN,
        IReadOnlyList<NoiseValue>? noise = null) =>
        (YBits, Sigma, SamplingErrorBits, Noise) = (yBits, sigma, samplingErrorBits, noise ?? []);

    [SetsRequiredMembers]
    private CellLine(string key, CellResult result) : base(result.Information) =>
        (Key, Kind, Boundary, Position, SamplingError) =
        (key, result.Cell.Kind, result.Cell.Boundary, result.Cell.Position, result.SamplingError);

    [JsonPropertyName("cell"), JsonPropertyOrder(-1)]
    public required string Key { get; init; }

    [JsonPropertyOrder(-1)]
    public CaptureKind Kind { get; init; }

    [JsonPropertyOrder(-1)]
    public int Boundary { get; init; }

    [JsonPropertyOrder(-1)]
    public int Position { get; init; }

    /// <summary>As of <see cref="CellResult"/>; it stands in the middle of the line.</summary>
    [JsonPropertyName("sampling_error_bits"), JsonPropertyOrder(1)]
    public double SamplingError { get; init; }

    public static byte[] Write(string key, CellResult result) => RecordJson.Write(new CellLine(key, result), s_type);

    public static (string Key, CellResult Result) Read(byte[] json)
    {
        var line = RecordJson.ReadLine(json, s_type);
        var cell = new Cell(line.Kind, line.Boundary, line.Position, line.Estimator, line.Seed);
        return (line.Key, new(cell, line.Alone(), line.SamplingError));
    }

    /// <summary>Everything else must be there, so that no line of another program is read as one with zeros in it.</summary>
    private static void LeaveOutWhatIsNotThere(JsonTypeInfo type)
    {
        foreach (var property in type.Type == typeof(CellLine) ? type.Properties : [])
        {
            Func<CellLine, bool>? isThere = property.Name switch
            {
                "h_y_bits" => line => !double.IsNaN(line.YBits),
                "doubt" => line => line.Doubt != null,
                "failure" => line => line.Failure != null,
                "protocol" => line => line.Protocol != null,
                "canonical" => line => line.Canonical != null,
                "sigma" or "se_bits" => line => !double.IsNaN(line.Sigma),
                "noise" => line => line.Noise.Count > 0,
                _ => null,
            };
            property.IsRequired = isThere == null && property.Set != null;
            if (isThere != null)
                property.ShouldSerialize = (line, _) => isThere((CellLine)line);
        }
    }
}
