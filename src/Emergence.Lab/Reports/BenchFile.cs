using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Emergence.Devices;
using Emergence.Files;
using Emergence.Lab.Benchmarks;
using Emergence.Measurement.Run;
using Emergence.Messages;

namespace Emergence.Lab.Reports;

/// <summary>A finished benchmark with all that its figures must be read with.</summary>
internal sealed record BenchFile
{
    private const int Format = 1;

    [JsonPropertyName("format"), JsonRequired]
    public int FormatOfFile { get; init; } = Format;

    public required string Device { get; init; }

    /// <summary>Hardware, as the device describes itself.</summary>
    public required string Description { get; init; }

    /// <summary>Arithmetic path.</summary>
    public required string Path { get; init; }

    public string? Driver { get; init; }

    /// <summary>Version of the program, with its commit.</summary>
    public required string Version { get; init; }

    public required string Command { get; init; }

    /// <summary>UTC, ISO 8601.</summary>
    public required string Date { get; init; }

    [JsonIgnore]
    public Roof Roof => new(RoofBytesPerSecond, RoofFlopsPerSecond);

    [JsonPropertyName("roof_bytes_per_s")]
    public required double RoofBytesPerSecond { get; init; }

    [JsonPropertyName("roof_flop_per_s")]
    public required double RoofFlopsPerSecond { get; init; }

    /// <summary>What could not be measured, with its reason.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Skipped { get; init; } = [];

    [JsonPropertyName("rows"), JsonRequired]
    public IReadOnlyList<BenchLine> Lines
    {
        get => [.. Rows.Select(row => new BenchLine(row, Roof))];
        init => Rows = [.. value.Select(line => line.Alone())];
    }

    [JsonIgnore]
    public IReadOnlyList<BenchRow> Rows { get; init; } = [];

    public static BenchFile Of(Device device, BenchRun run, string command) => new()
    {
        Device = device.Name,
        Description = device.Description,
        Path = device.Path,
        Driver = device.DriverVersion,
        Version = RunManifest.Version,
        Command = command,
        Date = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        RoofBytesPerSecond = run.Roof.BytesPerSecond,
        RoofFlopsPerSecond = run.Roof.FlopsPerSecond,
        Rows = run.Rows,
        Skipped = run.Skipped,
    };

    public static BenchFile Read(string path)
    {
        using var document = UserFile.ReadJson(path);
        try
        {
            return document.RootElement.Deserialize(BenchJson.Readable.BenchFile) is { FormatOfFile: Format } file ? file
                : throw new JsonException("another format");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new EmergenceException(
                $"{Printable.Escape(path)}: expected what bench -o json wrote (format {Format}), found {Found(document.RootElement)}",
                ExitCode.Usage, error);
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, BenchJson.Readable.BenchFile) + "\n";

    /// <summary>What is there instead, in a few words.</summary>
    private static string Found(JsonElement json) => json.ValueKind != JsonValueKind.Object ? "JSON that is no object"
        : !json.TryGetProperty("format", out var format) ? "an object without \"format\""
        : format.ToString() == Format.ToString(CultureInfo.InvariantCulture) ? "other members"
        : $"format {Printable.Escape(format.ToString())}";
}
