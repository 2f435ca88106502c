using System.Text.Json.Nodes;
using Emergence.Files;
using Emergence.Measurement.Results;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// The journal under its final manifest, of a run that began before its weights were known by their SHA-256: the same cells, under the
/// keys that follow from it. It is written beside the old journal, then the manifest is replaced, then it takes the old one's name; if
/// that ends in the middle, the journal that fits the manifest counts.
/// </summary>
internal static class SettledJournal
{
    private const string Name = "results.settled.jsonl";

    /// <summary>A shard looks so often whether the process that holds the folder has ended, which takes another shard a moment.</summary>
    private const int Attempts = 6;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// What a run without shards began, before its weights were known, is ended for shards, which know them when they join it. Of those
    /// that begin together one does it.
    /// </summary>
    /// <param name="folder">RUN.</param>
    /// <param name="provisional">What the manifest there has to say.</param>
    /// <param name="settled">What is known now.</param>
    /// <param name="cancellation">Ends the waiting for another process.</param>
    public static void Settle(string folder, RunManifest provisional, RunManifest settled, CancellationToken cancellation)
    {
        for (var attempt = 1; IsProvisional(folder); attempt++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                using var runLock = RunFolder.Lock(folder);
                if (!IsProvisional(folder))
                    return;
                Adopt(folder, ManifestFile.Publish(folder, provisional.Json));
                Write(folder, settled);
            }
            catch (EmergenceException error) when (error.ExitCode == ExitCode.TryAgain)
            {
                if (attempt == Attempts)
                    throw new EmergenceException(
                        $"{Printable.Escape(folder)}: shards may join the run there when it has read all weights once and knows their "
                        + $"SHA-256; {error.Message}", ExitCode.TryAgain, error);
                cancellation.WaitHandle.WaitOne(Pause);
            }
        }
    }

    /// <summary>Replaces manifest and journal.</summary>
    /// <param name="folder">RUN, locked.</param>
    /// <param name="settled">What is known now.</param>
    /// <returns>The manifest that is there now.</returns>
    public static JsonObject Write(string folder, RunManifest settled)
    {
        try
        {
            return Replace(folder, settled);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(folder, error);
        }
    }

    /// <summary>The journal that counts, as a reader finds it.</summary>
    public static string Find(string folder, ManifestFile manifest) => Fits(folder, manifest) ? Beside(folder) : Own(folder);

    /// <summary>Ends what an earlier process began; the folder is locked.</summary>
    public static void Adopt(string folder, ManifestFile manifest)
    {
        if (Fits(folder, manifest))
            File.Move(Beside(folder), Own(folder), overwrite: true);
        File.Delete(Beside(folder));
    }

    private static JsonObject Replace(string folder, RunManifest settled)
    {
        var json = ManifestFile.Read(folder).Json;
        json[RunManifest.ModelMember] = settled.Json[RunManifest.ModelMember]!.DeepClone();
        var file = ManifestFile.Of(folder, json);
        var lines = Journal.Read(Own(folder)).Lines.Skip(1).Select(CellLine.Read)
            .Select(line => CellLine.Write(settled.Key(line.Result.Cell), line.Result));
        WholeFile.Write(Beside(folder), [.. lines.Prepend(file.Header).SelectMany(json => Journal.Line(json))]);
        file.Replace();
        Adopt(folder, file);
        return json;
    }

    private static bool IsProvisional(string folder) =>
        ManifestFile.Exists(folder) && RunManifest.IsProvisionalOne(ManifestFile.Read(folder).Json);

    private static bool Fits(string folder, ManifestFile manifest) =>
        Journal.Read(Beside(folder)).Lines is [var header, ..] && manifest.IsHeader(header);

    private static string Own(string folder) => Path.Combine(folder, RunFolder.JournalName);

    private static string Beside(string folder) => Path.Combine(folder, Name);
}
