using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Emergence.Measurement.Results;
using Emergence.Measurement.Run;

namespace Emergence.Measurement.Shards;

/// <summary>
/// The journal of one start of a shard, <c>results.KofN.A.jsonl</c>: made for it alone at its first cell, so that no lock is
/// needed and nobody writes in another's file, also if a node that was given up for lost goes on.
/// </summary>
internal sealed class ShardJournal(string folder, Shard shard, string manifest) : IDisposable
{
    private Journal? _journal;

    /// <summary>The journals of all shards, by name.</summary>
    public static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "results.*.jsonl").Where(path => Path.GetFileName(path).Split('.') is [_, var shard, _, _]
            && shard.Contains("of", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>Writes a line and tells where it stands.</summary>
    public void Append(ReadOnlySpan<byte> line) => (_journal ??= Create()).Append(line);

    public void Dispose() => _journal?.Dispose();

    private Journal Create()
    {
        for (var attempt = 0; ; attempt++)
        {
            var path = Path.Combine(folder,
                string.Create(CultureInfo.InvariantCulture, $"results.{shard.Number}of{shard.Count}.{attempt}.jsonl"));
            if (Journal.TryCreate(path) is not { } journal)
                continue;
            journal.Append(new ShardHeader(manifest, shard, attempt, ProcessName.Own.Host, ProcessName.Own.Pid).ToJson());
            return journal;
        }
    }
}

/// <summary>The first line of a shard's journal.</summary>
/// <param name="Manifest">What the manifest decides, as <see cref="ManifestFile.Identity"/>.</param>
/// <param name="Shard">Which.</param>
/// <param name="Attempt">Attempt of this start.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="Pid">As which process.</param>
internal sealed record ShardHeader(
    [property: JsonPropertyName(ShardHeader.ManifestMember)] string Manifest, Shard Shard, int Attempt, string Host, int Pid)
{
    private const string ManifestMember = "manifest_identity";

    /// <summary>Null of a line that is something else.</summary>
    public static ShardHeader? Read(byte[] line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty(ManifestMember, out _) ? RecordJson.ReadLine(line, RecordJson.Default.ShardHeader) : null;
    }

    public byte[] ToJson() => RecordJson.Write(this, RecordJson.Default.ShardHeader);
}
