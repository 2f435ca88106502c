using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Emergence.Files;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// A run on the disk: <c>manifest.json</c> (everything that decides about the results), <c>results.jsonl</c> (one line a
/// finished cell; the first line holds the manifest's SHA-256), <c>run.lock</c>, and <c>self_check.json</c> where that was asked for.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    internal const string JournalName = "results.jsonl", LockName = "run.lock";
    private const string SelfCheckName = "self_check.json";

    // A start is refused below this, so that a long run does not end for want of a few lines.
    private const long SpareBytes = 1 << 20;

    private readonly RunLock _lock;
    private readonly Journal _journal;
    private readonly Dictionary<string, CellResult> _cells = [];

    private RunFolder(string path, RunLock runLock, Journal journal) => (Path, _lock, _journal) = (path, runLock, journal);

    public string Path { get; }

    /// <summary>Cells in the journal, also those that failed.</summary>
    public IReadOnlyCollection<CellResult> Cells => _cells.Values;

    /// <summary>Cells that have values.</summary>
    public int Finished => _cells.Values.Count(HasValue);

    /// <summary>Of this start or an earlier one; empty where none was asked for.</summary>
    public IReadOnlyList<SelfCheckLine> SelfCheck
    {
        get => ReadSelfCheck(Path);
        set => WholeFile.Write(System.IO.Path.Combine(Path, SelfCheckName), Results.SelfCheck.Write(value));
    }

    /// <summary>Bytes of an unfinished line that were cut off at the start.</summary>
    public long RepairedBytes { get; private init; }

    /// <summary>Starts a run, or goes on with one whose manifest says the same.</summary>
    /// <param name="path">RUN; made where it is not there.</param>
    /// <param name="manifest">What decides about the results.</param>
    /// <param name="replaces">Of the manifest of another run there: whether that run may be deleted to make room; none may by default.</param>
    public static RunFolder Open(string path, JsonObject manifest, Func<JsonObject, bool>? replaces = null)
    {
        var runLock = Lock(path);
        try
        {
            if (replaces != null && ManifestFile.Exists(path) && !CanGoOn(path, manifest) && replaces(ManifestFile.Read(path).Manifest))
                Clear(path);
            var (journal, content) = ManifestFile.OpenJournal(path, JournalName, manifest);
            var run = new RunFolder(path, runLock, journal) { RepairedBytes = content.TornBytes };
            foreach (var (key, result) in content.Lines.Skip(1).Select(line => CellJson.Read(line)))
                Put(run._cells, key, result);
            return run;
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    /// <summary>Reads a run, also one that is being written, and says what is wrong with it.</summary>
    public static (JsonObject Manifest, IReadOnlyList<CellResult> Cells, IReadOnlyList<SelfCheckLine> SelfCheck, string? Damage) Read(string path)
    {
        var (manifest, hash) = ManifestFile.Read(path);
        var content = Journal.Read(System.IO.Path.Combine(path, JournalName));
        if (content.Lines.Count > 0)
            ManifestFile.RequireHeader(path, JournalName, content.Lines[0], hash);
        var cells = new Dictionary<string, CellResult>();
        foreach (var (key, result) in content.Lines.Skip(1).Select(line => CellJson.Read(line)))
            Put(cells, key, result);
        return (manifest, [.. cells.Values], ReadSelfCheck(path), content.Damage);
    }

    /// <summary>Whether the cell has a value; one that failed is tried again.</summary>
    public bool IsFinished(string key) => _cells.TryGetValue(key, out var cell) && HasValue(cell);

    /// <summary>Puts a cell on the disk; it may be shown as done afterwards. A failure that is there already, and no other one, is not written again.</summary>
    public void Add(string key, CellResult result)
    {
        if (_cells.TryGetValue(key, out var known) && known.Information.Failure != null && known.Information.Failure == result.Information.Failure)
            return;
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
            CellJson.Write(json, key, result);
        _journal.Append(line.WrittenSpan);
        Put(_cells, key, result);
    }

    public void Dispose()
    {
        _journal.Dispose();
        _lock.Dispose();
    }

    private static IReadOnlyList<SelfCheckLine> ReadSelfCheck(string path)
    {
        var file = System.IO.Path.Combine(path, SelfCheckName);
        try
        {
            return File.Exists(file) ? Results.SelfCheck.Read(File.ReadAllBytes(file)) : [];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new EmergenceException($"{Printable.Escape(file)} is damaged: remove it and measure with --self-check again", ExitCode.Failed, error);
        }
    }

    /// <summary>Makes the folder for this process alone, on a disk that has room for its lines.</summary>
    internal static RunLock Lock(string path)
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

    private static bool HasValue(CellResult cell) => cell.Information.Failure == null;

    /// <summary>A value beats a failure, and of two failures the later one counts.</summary>
    private static void Put(Dictionary<string, CellResult> cells, string key, CellResult result)
    {
        if (HasValue(result) || !cells.TryGetValue(key, out var known) || !HasValue(known))
            cells[key] = result;
    }

    /// <summary>Whether what is there belongs to this manifest and is intact.</summary>
    private static bool CanGoOn(string path, JsonObject manifest)
    {
        var (old, hash) = ManifestFile.Read(path);
        var content = Journal.Read(System.IO.Path.Combine(path, JournalName));
        return ManifestDifference.First(old, manifest) == null && content.Damage == null && (content.Lines.Count == 0 || ManifestFile.IsHeader(content.Lines[0], hash));
    }

    /// <summary>The manifest goes first: without it nothing else counts as a run.</summary>
    private static void Clear(string path)
    {
        ManifestFile.Delete(path);
        foreach (var name in new[] { JournalName, SelfCheckName })
            File.Delete(System.IO.Path.Combine(path, name));
    }
}
