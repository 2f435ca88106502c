using System.Text;
using System.Text.Json.Nodes;
using Emergence.Files;
using Emergence.Measurement.Results;
using Emergence.Measurement.Run;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>
/// A study on the disk: <c>manifest.json</c>, <c>results.jsonl</c> (a journal of named lists of numbers), <c>run.lock</c>,
/// the runs it needs under <c>runs/</c>; made anew at the end: <c>tables/</c>, <c>figures/</c>, <c>summary.md</c>, <c>report.html</c>.
/// </summary>
internal sealed class StudyFolder : IDisposable
{
    private readonly RunLock _lock;
    private readonly Journal _journal;
    private readonly Dictionary<string, double[]> _known = new(StringComparer.Ordinal);

    private StudyFolder(string path, JsonObject manifest, RunLock runLock, Journal journal) =>
        (Path, Manifest, _lock, _journal) = (path, manifest, runLock, journal);

    public string Path { get; }

    public JsonObject Manifest { get; }

    /// <summary>Starts a study, or goes on with one whose manifest says the same.</summary>
    public static StudyFolder Open(string path, JsonObject manifest)
    {
        var runLock = RunFolder.Lock(path);
        try
        {
            var (journal, content) = ManifestFile.Publish(path, manifest).OpenJournal(RunFolder.JournalName);
            var folder = new StudyFolder(path, manifest, runLock, journal);
            foreach (var line in content.Lines.Skip(1))
            {
                var (key, values) = RecordJson.ReadLine(line, RecordJson.Default.NamedNumbers);
                folder._known[key] = values;
            }

            return folder;
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    public string Run(string name) => System.IO.Path.Combine(Path, "runs", name);

    public bool Knows(string key) => _known.ContainsKey(key);

    /// <summary>The numbers under this key; they are computed and put on the disk if they are not there yet.</summary>
    public double[] Once(string key, Func<IReadOnlyList<double>> compute)
    {
        if (_known.TryGetValue(key, out var known))
            return known;
        double[] values = [.. compute()];
        _journal.Append(RecordJson.Write(new NamedNumbers(key, values), RecordJson.Default.NamedNumbers));
        return _known[key] = values;
    }

    /// <summary>Writes everything that follows from the result.</summary>
    /// <returns>The page.</returns>
    public string Write(Study study, StudyResult result, string command, PageLanguage language)
    {
        var (tables, figures) = (Directory.CreateDirectory(System.IO.Path.Combine(Path, "tables")).FullName,
            Directory.CreateDirectory(System.IO.Path.Combine(Path, "figures")).FullName);
        foreach (var (name, _, table, _) in result.Tables)
        {
            foreach (var (ending, format) in new[] { (".csv", TableFormat.Csv), (".json", TableFormat.Json),
                (".md", TableFormat.Markdown) })
                Put(System.IO.Path.Combine(tables, name + ending), table.ToString(format));
        }

        foreach (var (name, _, figure) in result.Figures)
            Put(System.IO.Path.Combine(figures, name + ".svg"), figure.Standalone());
        Put(System.IO.Path.Combine(Path, "summary.md"), StudyPage.Markdown(study, result, command, language));
        var page = System.IO.Path.Combine(Path, "report.html");
        Put(page, StudyPage.Html(study, result, command, Manifest, language));
        return page;
    }

    public void Dispose()
    {
        _journal.Dispose();
        _lock.Dispose();
    }

    private static void Put(string path, string text) => WholeFile.Write(path, Encoding.UTF8.GetBytes(text));
}
