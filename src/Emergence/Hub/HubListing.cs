using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Hub;

/// <summary>Pages of GET /api/models/NAME/tree/COMMIT.</summary>
internal static class HubListing
{
    /// <summary>Bytes of a page, entries and pages at most: more is no listing of a model.</summary>
    public const int LargestPage = 32 << 20, MostEntries = 200_000, MostPages = 1_000;

    private const int LongestPath = 255;
    private static readonly string[] s_deviceNames =
        ["CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "LPT1", "LPT2", "LPT3", "LPT4"];

    /// <summary>Adds the files of a page whose paths may be used; others are no file that a measurement reads.</summary>
    public static void Add(string model, ReadOnlySpan<byte> page, Dictionary<string, HubFile> files, ref int entries)
    {
        try
        {
            var reader = new Utf8JsonReader(page);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                throw new JsonException("expected an array");
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                using var entry = JsonDocument.ParseValue(ref reader);
                if (++entries > MostEntries)
                    throw new EmergenceException($"{model}: the listing has over {MostEntries:N0} entries: not a model this program reads");
                if (Read(entry.RootElement) is { } file && IsSafe(file.Path))
                    files[file.Path] = file;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new EmergenceException($"{model}: the hub's listing is not what was expected: {Printable.Escape(error.Message)}",
                inner: error);
        }
    }

    /// <summary>Whether a path may become a file below a snapshot, on any system.</summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= LongestPath
            && path[0] != '/'
            && path.All(c => c is >= ' ' and not '\x7f' and not ('\\' or ':'))
            && path.Split('/').All(part =>
                part is not ("" or "." or "..") && !s_deviceNames.Contains(part.Split('.')[0].ToUpperInvariant()));

    private static HubFile? Read(JsonElement entry)
    {
        if (entry.GetProperty("type").GetString() != "file")
            return null;
        var (digest, size) = entry.TryGetProperty("lfs", out var large) && large.ValueKind == JsonValueKind.Object
            ? (large.GetProperty("oid").GetString()!, large.GetProperty("size").GetInt64())
            : (entry.GetProperty("oid").GetString()!, entry.GetProperty("size").GetInt64());
        return HubFile.IsDigest(digest) && size >= 0 ? new(entry.GetProperty("path").GetString()!, size, digest)
            : throw new FormatException("a digest or size is none");
    }
}
