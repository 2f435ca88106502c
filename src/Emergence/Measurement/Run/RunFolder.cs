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
    private readonly Dictionary<string, CellResult> _finished = [];

    private RunFolder(string path, RunLock runLock, Journal journal) => (Path, _lock, _journal) = (path, runLock, journal);

    public string Path { get; }

    /// <summary>Cells in the journal, by key.</summary>
    public IReadOnlyDictionary<string, CellResult> Finished => _finished;

    /// <summary>Of this start or an earlier one; empty where none was asked for.</summary>
    public IReadOnlyList<SelfCheckLine> SelfCheck
    {
        get => ReadSelfCheck(Path);
        set => WholeFile.Write(System.IO.Path.Combine(Path, SelfCheckName), Results.SelfCheck.Write(value));
    }

    /// <summary>Bytes of an unfinished line that were cut off at the start.</summary>
    public long RepairedBytes { get; private init; }

    /// <summary>Starts a run, or goes on with one whose manifest says the same.</summary>
    public static RunFolder Open(string path, JsonObject manifest)
    {
        Create(path);
        var runLock = RunLock.Take(System.IO.Path.Combine(path, LockName));
        try
        {
            var (journal, content) = ManifestFile.OpenJournal(path, JournalName, manifest);
            var run = new RunFolder(path, runLock, journal) { RepairedBytes = content.TornBytes };
            foreach (var (key, result) in content.Lines.Skip(1).Select(line => CellJson.Read(line)))
                run._finished[key] = result;
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
        return (manifest, [.. content.Lines.Skip(1).Select(line => CellJson.Read(line).Result)], ReadSelfCheck(path), content.Damage);
    }

    /// <summary>Puts a finished cell on the disk; it may be shown as done afterwards.</summary>
    public void Add(string key, CellResult result)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
            CellJson.Write(json, key, result);
        _journal.Append(line.WrittenSpan);
        _finished[key] = result;
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

    /// <summary>Makes the folder, on a disk that has room for its lines.</summary>
    internal static void Create(string path)
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

        DiskFailure.RequireSpace(path, SpareBytes);
    }
}
