using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// <c>manifest.json</c> of a folder: everything that decides about its results, written once. The first line of a journal
/// holds a hash of it, so that results of other settings are not mixed in.
/// </summary>
/// <param name="Folder">Where it lies.</param>
/// <param name="Json">What it says.</param>
/// <param name="Hash">SHA-256 of its bytes.</param>
internal sealed record ManifestFile(string Folder, JsonObject Json, string Hash)
{
    private const string Name = "manifest.json";
    private const string HeaderMember = "manifest_sha256";

    /// <summary>SHA-256 of what it decides, without the labels: the same on machines that share no disk.</summary>
    public string Identity => HashOf(Encoding.UTF8.GetBytes(ManifestDifference.WithoutLabels(Json)!.ToJsonString()));

    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, Name));

    public static void Delete(string folder) => File.Delete(Path.Combine(folder, Name));

    public static ManifestFile Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path))
            throw new EmergenceException($"{Printable.Escape(folder)} is not a run: it has no {Name}", ExitCode.Usage);
        var bytes = File.ReadAllBytes(path);
        return new(folder, Parse(path, bytes), HashOf(bytes));
    }

    /// <summary>A manifest that is not written yet.</summary>
    public static ManifestFile Of(string folder, JsonObject manifest) => new(folder, manifest, HashOf(Bytes(manifest)));

    /// <summary>Writes the manifest in place of the one that is there.</summary>
    public void Replace() => WholeFile.Write(Path.Combine(Folder, Name), Bytes(Json));

    /// <summary>Writes the manifest, or compares it with the one that is there: of many that begin together the first one writes.</summary>
    public static ManifestFile Publish(string folder, JsonObject manifest)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path))
            WholeFile.WriteOnce(path, Bytes(manifest));
        var there = Read(folder);
        if ((RunManifest.Touched(there.Json, manifest) ?? ManifestDifference.First(there.Json, manifest)) is { } difference)
            throw new EmergenceException($"{path}: {difference}; use a new --out", ExitCode.Usage);
        return there;
    }

    /// <summary>The first line of a journal under this manifest.</summary>
    public byte[] Header => Encoding.UTF8.GetBytes($$"""{"{{HeaderMember}}":"{{Hash}}"}""");

    /// <summary>Starts a journal under this manifest, or goes on with one whose manifest says the same.</summary>
    public (Journal Journal, JournalContent Content) OpenJournal(string journalName)
    {
        var (journal, content) = Journal.Open(Path.Combine(Folder, journalName));
        if (content.Lines.Count == 0)
            journal.Append(Header);
        else
            RequireHeader(journalName, content.Lines[0]);
        return (journal, content);
    }

    public void RequireHeader(string journalName, byte[] line)
    {
        if (!IsHeader(line))
            throw new EmergenceException($"{Folder}: {Name} is not the one that {journalName} was started with; use a new --out");
    }

    public bool IsHeader(byte[] line)
    {
        using var header = JsonDocument.Parse(line);
        return header.RootElement.TryGetProperty(HeaderMember, out var found) && found.GetString() == Hash;
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

    private static EmergenceException Damaged(string path, string how, Exception? inner = null) =>
        new($"{Printable.Escape(path)} is damaged: {how}; use a new --out", ExitCode.Failed, inner);

    private static byte[] Bytes(JsonObject manifest) =>
        Encoding.UTF8.GetBytes(manifest.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");

    private static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
