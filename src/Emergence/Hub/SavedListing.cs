using System.Text.Json;

namespace Emergence.Hub;

/// <summary>A listing that the Python client keeps: trees/COMMIT.json, format_version 1. Anything else counts as absent.</summary>
internal static class SavedListing
{
    private const int LongestFile = 64 << 20;

    public static IReadOnlyDictionary<string, HubFile>? Read(string path)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length > LongestFile)
                return null;
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            if (root.GetProperty("format_version").GetInt32() != 1)
                return null;
            var files = new Dictionary<string, HubFile>(StringComparer.Ordinal);
            foreach (var member in root.GetProperty("files").EnumerateObject())
            {
                var isLarge = member.Value.TryGetProperty("lfs_sha256", out var sha) && sha.ValueKind == JsonValueKind.String;
                var digest = (isLarge ? sha : member.Value.GetProperty("blob_id")).GetString()!;
                var size = (isLarge && member.Value.TryGetProperty("lfs_size", out var large) ? large : member.Value.GetProperty("size"))
                    .GetInt64();
                if (!HubFile.IsDigest(digest) || size < 0)
                    return null;
                if (HubListing.IsSafe(member.Name))
                    files[member.Name] = new(member.Name, size, digest);
            }

            return files;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException
            or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
