using System.Text.Json;
using System.Text.Json.Nodes;
using Emergence.Files;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Shards;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// A run on the disk: <c>manifest.json</c> (everything that decides about the results), journals of finished cells, and
/// <c>self_check.json</c> if that was asked for. One process at a time, under <c>run.lock</c>, measures all cells into
/// <c>results.jsonl</c>; any number of shards beside it have a journal each and need no lock.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    internal const string JournalName = "results.jsonl", LockName = "run.lock";
    private const string SelfCheckName = "self_check.json";

    // A start is refused below this, so that a long run does not end for want of a few lines.
    private const long SpareBytes = 1 << 20;

    private readonly RunJournals _journals;
    private readonly RunLock? _lock;
    private readonly Journal? _journal;
    private readonly ShardJournal? _ofShard;

    private RunFolder(string path, RunJournals journals, RunLock runLock, Journal journal) =>
        (Path, _journals, _lock, _journal) = (path, journals, runLock, journal);

    private RunFolder(string path, RunJournals journals, ShardJournal ofShard) => (Path, _journals, _ofShard) = (path, journals, ofShard);

    public string Path { get; }

    /// <summary>Cells of all journals, also those that failed.</summary>
    public IReadOnlyCollection<CellResult> Cells => _journals.Cells;

    /// <summary>What is wrong with journals of which only the intact part is read, or null.</summary>
    public string? Damage => _journals.Damage;

    /// <summary>The self-check of this start or an earlier one; empty if none was asked for.</summary>
    public IReadOnlyList<ConsistencyCheck> SelfCheck
    {
        get => ReadSelfCheck(Path);
        set => WholeFile.Write(System.IO.Path.Combine(Path, SelfCheckName), Results.SelfCheck.Write(value));
    }

    /// <summary>Bytes of an unfinished line that were cut off at the start.</summary>
    public long RepairedBytes { get; private init; }

    /// <summary>Starts a run, or goes on with one whose manifest says the same.</summary>
    /// <param name="path">RUN; made if it is not there.</param>
    /// <param name="manifest">What decides about the results.</param>
    /// <param name="replaces">Told the manifest of another run there, says whether that run may be deleted to make room; none may by
    /// default.</param>
    public static RunFolder Open(string path, JsonObject manifest, Func<JsonObject, bool>? replaces = null)
    {
        var runLock = Lock(path);
        try
        {
            if (ManifestFile.Exists(path))
                SettledJournal.Adopt(path, ManifestFile.Read(path));
            if (replaces != null && ManifestFile.Exists(path) && !CanGoOn(path, manifest) && replaces(ManifestFile.Read(path).Json))
                Clear(path);
            var file = ManifestFile.Publish(path, manifest);
            var (journal, content) = file.OpenJournal(JournalName);
            return new RunFolder(path, RunJournals.Read(path, file), runLock, journal) { RepairedBytes = content.TornBytes };
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    /// <summary>Opens the folder for one shard of the run, beside any number of others.</summary>
    public static RunFolder Open(string path, JsonObject manifest, Shard shard)
    {
        Make(path);
        DiskFailure.RequireSpace(path, SpareBytes);
        var file = ManifestFile.Publish(path, manifest);
        return new RunFolder(path, RunJournals.Read(path, file), new ShardJournal(path, shard, file.Identity));
    }

    /// <summary>Reads a run, also one that is being written, and says what is wrong with it.</summary>
    public static (JsonObject Manifest, RunJournals Journals, IReadOnlyList<ConsistencyCheck> SelfCheck) Read(string path)
    {
        var file = ManifestFile.Read(path);
        return (file.Json, RunJournals.Read(path, file), ReadSelfCheck(path));
    }

    /// <summary>Whether the cell has a value; one that failed is tried again.</summary>
    public bool IsFinished(string key) => _journals.HasValue(key);

    /// <summary>Puts a cell on the disk; it may be shown as done afterwards. A failure that is there already, and no other one, is not
    /// written again.</summary>
    public void Add(string key, CellResult result)
    {
        if (_journals.Knows(key, result))
            return;
        var line = CellLine.Write(key, result);
        _journal?.Append(line);
        _ofShard?.Append(line);
        _journals.Put(key, result, line, new(Path, 0, ProcessName.Own.Host));
    }

    /// <summary>Ends the journal under the manifest that says whose weights they were, which was not known when the run began.</summary>
    /// <returns>The manifest.</returns>
    public JsonObject Settle(RunManifest settled)
    {
        _journal!.Dispose();
        return SettledJournal.Write(Path, settled);
    }

    public void Dispose()
    {
        _ofShard?.Dispose();
        _journal?.Dispose();
        _lock?.Dispose();
    }

    /// <summary>Makes the folder for this process alone, on a disk that has room for its lines.</summary>
    internal static RunLock Lock(string path)
    {
        Make(path);
        var runLock = RunLock.Take(System.IO.Path.Combine(path, LockName));
        try
        {
            DiskFailure.RequireSpace(path, SpareBytes);
            return runLock;
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    private static void Make(string path)
    {
        OutputPath.RequireFolder("--out", path);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(path, error);
        }
    }

    private static IReadOnlyList<ConsistencyCheck> ReadSelfCheck(string path)
    {
        var file = System.IO.Path.Combine(path, SelfCheckName);
        try
        {
            return File.Exists(file) ? Results.SelfCheck.Read(File.ReadAllBytes(file)) : [];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new EmergenceException($"{Printable.Escape(file)} is damaged: remove it and measure with --self-check again",
                ExitCode.Failed, error);
        }
    }

    /// <summary>Whether what is there belongs to this manifest and is intact.</summary>
    private static bool CanGoOn(string path, JsonObject manifest)
    {
        var old = ManifestFile.Read(path);
        var content = Journal.Read(System.IO.Path.Combine(path, JournalName));
        return ManifestDifference.First(old.Json, manifest) == null && content.Damage == null
            && (content.Lines.Count == 0 || old.IsHeader(content.Lines[0]));
    }

    /// <summary>The manifest goes first: without it nothing else counts as a run.</summary>
    private static void Clear(string path)
    {
        ManifestFile.Delete(path);
        foreach (var file in ShardJournal.Files(path).Append(System.IO.Path.Combine(path, JournalName))
            .Append(System.IO.Path.Combine(path, SelfCheckName)))
            File.Delete(file);
    }
}
