using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
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

    private static readonly JsonWriterOptions s_readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    public required string Device { get; init; }

    /// <summary>Hardware, as the device describes itself.</summary>
    public required string Description { get; init; }

    /// <summary>Arithmetic path.</summary>
    public required string Path { get; init; }

    public string? Driver { get; init; }

    /// <summary>Of the program, with its commit.</summary>
    public required string Version { get; init; }

    public required string Command { get; init; }

    /// <summary>UTC, ISO 8601.</summary>
    public required string Date { get; init; }

    public required Roof Roof { get; init; }

    public required IReadOnlyList<BenchRow> Rows { get; init; }

    /// <summary>What could not be measured, with its reason.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    public static BenchFile Of(Device device, BenchRun run, string command) => new()
    {
        Device = device.Name,
        Description = device.Description,
        Path = device.Path,
        Driver = device.DriverVersion,
        Version = RunManifest.Version,
        Command = command,
        Date = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        Roof = run.Roof,
        Rows = run.Rows,
        Skipped = run.Skipped,
    };

    public static BenchFile Read(string path)
    {
        using var document = UserFile.ReadJson(path);
        try
        {
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new EmergenceException($"{Printable.Escape(path)}: expected what bench -o json wrote (format {Format}), found {Found(document.RootElement)}", ExitCode.Usage, error);
        }
    }

    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_readable))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteString("device", Device);
            json.WriteString("description", Description);
            json.WriteString("path", Path);
            json.WriteString("driver", Driver);
            json.WriteString("version", Version);
            json.WriteString("command", Command);
            json.WriteString("date", Date);
            Write(json, "roof_bytes_per_s", Roof.BytesPerSecond);
            Write(json, "roof_flop_per_s", Roof.FlopsPerSecond);
            json.WriteStartArray("skipped");
            foreach (var reason in Skipped)
                json.WriteStringValue(reason);
            json.WriteEndArray();
            json.WriteStartArray("rows");
            foreach (var row in Rows)
                Write(json, row);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private void Write(Utf8JsonWriter json, BenchRow row)
    {
        json.WriteStartObject();
        json.WriteString("kind", row.Kind);
        json.WriteString("op", row.Op);
        json.WriteString("kernel", row.Kernel);
        json.WriteString("shape", row.Shape);
        json.WriteString("cache", row.Cache);
        json.WriteNumber("calls", row.Time.Calls);
        Write(json, "median_s", row.Time.Median);
        Write(json, "q1_s", row.Time.Low);
        Write(json, "q3_s", row.Time.High);
        Write(json, "host_s", row.Time.Host);
        Write(json, "bytes", row.Bytes);
        Write(json, "flops", row.Flops);
        Write(json, "gb_per_s", row.Gigabytes);
        Write(json, "tflop_per_s", row.Teraflops);
        Write(json, "of_roof", row.ShareOf(Roof));
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    private static BenchFile Read(JsonElement json)
    {
        if (json.GetProperty("format").GetInt32() != Format)
            throw new FormatException();
        return new()
        {
            Device = Text(json, "device"),
            Description = Text(json, "description"),
            Path = Text(json, "path"),
            Driver = json.GetProperty("driver").GetString(),
            Version = Text(json, "version"),
            Command = Text(json, "command"),
            Date = Text(json, "date"),
            Roof = new(Number(json, "roof_bytes_per_s"), Number(json, "roof_flop_per_s")),
            Skipped = [.. json.GetProperty("skipped").EnumerateArray().Select(reason => reason.GetString()!)],
            Rows = [.. json.GetProperty("rows").EnumerateArray().Select(Row)],
        };
    }

    /// <summary>What is there instead, in a few words.</summary>
    private static string Found(JsonElement json) => json.ValueKind != JsonValueKind.Object ? "JSON that is no object"
        : !json.TryGetProperty("format", out var format) ? "an object without \"format\""
        : format.ToString() != Format.ToString(CultureInfo.InvariantCulture) ? $"format {Printable.Escape(format.ToString())}" : "other members";

    private static BenchRow Row(JsonElement json) => new(
        Text(json, "kind"), Text(json, "op"), Text(json, "kernel"), Text(json, "shape"), Text(json, "cache"),
        new(json.GetProperty("calls").GetInt32(), Number(json, "median_s"), Number(json, "q1_s"), Number(json, "q3_s"), Number(json, "host_s")), Number(json, "bytes"), Number(json, "flops"));

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException();

    private static double Number(JsonElement json, string name) => json.GetProperty(name) is { ValueKind: JsonValueKind.Null } ? double.NaN : json.GetProperty(name).GetDouble();
}
