using System.Text.Json;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Run;
using Emergence.Messages;

namespace Emergence.Measurement.Shards;

/// <summary>
/// All journals of a run read as one: <c>results.jsonl</c> and those of shards. A cell may be in several of them, since a
/// node that was given up for lost may go on; then its values must be the same bytes. A value beats a failure, and a
/// damaged file hides nothing but its own rest.
/// </summary>
internal sealed class RunJournals
{
    private readonly Dictionary<string, Found> _cells = [];
    private readonly List<ShardFile> _shards = [];
    private readonly List<string> _damages = [];

    private RunJournals()
    {
    }

    /// <summary>Cells of all journals, also those that failed.</summary>
    public IReadOnlyCollection<CellResult> Cells => [.. _cells.Values.Select(found => found.Result)];

    /// <summary>Cells that have values.</summary>
    public int Finished => _cells.Values.Count(found => found.HasValue);

    public IReadOnlyList<ShardFile> Shards => _shards;

    /// <summary>What is wrong with files whose lines before that are read.</summary>
    public string? Damage => _damages.Count == 0 ? null : string.Join("; ", _damages);

    /// <summary>Reads all that is there, also while others append.</summary>
    /// <param name="folder">RUN.</param>
    /// <param name="manifest">Its manifest.</param>
    public static RunJournals Read(string folder, ManifestFile manifest)
    {
        var journals = new RunJournals();
        var main = SettledJournal.Find(folder, manifest);
        var content = Journal.Read(main);
        if (content.Lines.Count > 0)
            manifest.RequireHeader(RunFolder.JournalName, content.Lines[0]);
        journals.Add(main, content, "");
        foreach (var path in ShardJournal.Files(folder))
        {
            content = Journal.Read(path);

            // A shard that has made its file and not yet its first line has nothing to say.
            if (content.Lines.Count == 0 && content.Damage == null)
                continue;
            var header = content.Lines.Count > 0 ? ShardHeader.Read(content.Lines[0]) : null;
            if (header == null || header.Manifest != manifest.Identity)
            {
                journals._damages.Add(content.Damage ?? $"{path} was measured under another manifest");
                continue;
            }

            var cells = journals.Add(path, content, header.Host);
            journals._shards.Add(new(header.Shard, header.Attempt, header.Host, cells, File.GetLastWriteTimeUtc(path)));
        }

        return journals;
    }

    public bool HasValue(string key) => _cells.TryGetValue(key, out var found) && found.HasValue;

    /// <summary>Whether this failure is known already, and no value.</summary>
    public bool Knows(string key, CellResult failed) =>
        _cells.TryGetValue(key, out var found) && found.Result.Information.Failure is { } failure && failure == failed.Information.Failure;

    public void Put(string key, CellResult result, byte[] line, Origin origin)
    {
        var isValue = HasAValue(result);
        if (_cells.TryGetValue(key, out var known) && known.HasValue)
        {
            if (isValue && !known.Line.AsSpan().SequenceEqual(line))
                throw Contradiction(known, line, origin);
            return;
        }

        _cells[key] = new(result, line, isValue, origin);
    }

    private static bool HasAValue(CellResult result) => result.Information.Failure == null;

    /// <summary>How many of its cells have a value.</summary>
    private int Add(string path, JournalContent content, string host)
    {
        if (content.Damage != null)
            _damages.Add(content.Damage);
        var values = 0;
        for (var n = 1; n < content.Lines.Count; n++)
        {
            var (key, result) = CellLine.Read(content.Lines[n]);
            Put(key, result, content.Lines[n], new(path, n + 1, host));
            values += HasAValue(result) ? 1 : 0;
        }

        return values;
    }

    private static EmergenceException Contradiction(Found known, byte[] line, Origin origin)
    {
        using JsonDocument one = JsonDocument.Parse(known.Line), other = JsonDocument.Parse(line);
        var difference = one.RootElement.EnumerateObject().FirstOrDefault(member =>
            !other.RootElement.TryGetProperty(member.Name, out var value) || value.GetRawText() != member.Value.GetRawText());
        var (name, found) = difference.Value.ValueKind == JsonValueKind.Undefined
            ? ("members", "others")
            : (difference.Name, other.RootElement.TryGetProperty(difference.Name, out var value) ? value.GetRawText() : "none");
        var first = difference.Value.ValueKind == JsonValueKind.Undefined ? "some" : difference.Value.GetRawText();
        return new(
            $"the same cell has two values: {known.Origin.Words} and {origin.Words} differ in {name}, {Printable.Escape(first)} and "
            + $"{Printable.Escape(found)}");
    }

    /// <summary>Where a line stands.</summary>
    internal sealed record Origin(string Path, int Line, string Host)
    {
        public string Words => $"{Printable.Escape(Path)} line {Line}{(Host.Length > 0 ? $" (host {Printable.Escape(Host)})" : "")}";
    }

    private sealed record Found(CellResult Result, byte[] Line, bool HasValue, Origin Origin);
}

/// <summary>What one start of a shard left.</summary>
/// <param name="Shard">Which.</param>
/// <param name="Attempt">Starts of it that wrote before this one.</param>
/// <param name="Host">Where it ran.</param>
/// <param name="Cells">Values in its journal.</param>
/// <param name="LastWrite">When it wrote last.</param>
public sealed record ShardFile(Shard Shard, int Attempt, string Host, int Cells, DateTime LastWrite);
