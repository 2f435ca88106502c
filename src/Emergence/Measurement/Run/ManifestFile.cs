using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// <c>manifest.json</c> of a folder: everything that decides about its results, written once. The first line of the
/// folder's journal holds its SHA-256, so that results of other settings are not mixed in.
/// </summary>
internal static class ManifestFile
{
    private const string Name = "manifest.json";
    private const string HeaderMember = "manifest_sha256";

    /// <summary>Starts a journal under this manifest, or goes on with one whose manifest says the same.</summary>
    public static (Journal Journal, JournalContent Content) OpenJournal(string folder, string journalName, JsonObject manifest)
    {
        var hash = WriteOrCompare(Path.Combine(folder, Name), manifest);
        var (journal, content) = Journal.Open(Path.Combine(folder, journalName));
        if (content.Lines.Count == 0)
            journal.Append(Encoding.UTF8.GetBytes($$"""{"{{HeaderMember}}":"{{hash}}"}"""));
        else
            RequireHeader(folder, journalName, content.Lines[0], hash);
        return (journal, content);
    }

    public static (JsonObject Manifest, string Hash) Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path))
            throw new EmergenceException($"{Printable.Escape(folder)} is not a run: it has no {Name}", ExitCode.Usage);
        var bytes = File.ReadAllBytes(path);
        return (Parse(path, bytes), Hash(bytes));
    }

    public static void RequireHeader(string folder, string journalName, byte[] line, string hash)
    {
        using var header = JsonDocument.Parse(line);
        if (!header.RootElement.TryGetProperty(HeaderMember, out var found) || found.GetString() != hash)
            throw new EmergenceException($"{folder}: {Name} is not the one that {journalName} was started with; use a new --out");
    }

    private static string WriteOrCompare(string path, JsonObject manifest)
    {
        if (!File.Exists(path))
        {
            var text = Encoding.UTF8.GetBytes(manifest.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
            WholeFile.Write(path, text);
            return Hash(text);
        }

        var bytes = File.ReadAllBytes(path);
        if (ManifestDifference.First(Parse(path, bytes), manifest) is { } difference)
            throw new EmergenceException($"{path}: {difference}; use a new --out", ExitCode.Usage);
        return Hash(bytes);
    }

    private static JsonObject Parse(string path, byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes) as JsonObject ?? throw Damaged(path, "not a JSON object");
        }
        catch (JsonException error)
        {
            throw Damaged(path, JsonMistake.Words(error, bytes.Length), error);
        }
    }

    private static EmergenceException Damaged(string path, string how, Exception? inner = null) => new($"{Printable.Escape(path)} is damaged: {how}; use a new --out", ExitCode.Failed, inner);

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
