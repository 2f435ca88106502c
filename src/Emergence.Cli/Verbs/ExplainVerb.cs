using System.CommandLine;
using System.Text;
using Emergence.Files;
using Emergence.Measurement.Results;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>Why the published protocol does not read the exact value, cause by cause.</summary>
internal static class ExplainVerb
{
    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "The folder that measure --estimator paper wrote" };
        var pictures = new Option<string>(
            "--svg")
            {
                Description =
                    "Also draw the cell with the largest gap: its steps by coincidences into this file, the causes into NAME-causes.svg",
                HelpName = "FILE.svg",
            };
        var format = new FormatFlags();
        var command = new Command("explain", "Explain the gap between the published protocol and the exact value, by cause") { run,
            pictures };
        format.AddTo(command);
        command.SetAction(parsed =>
        {
            var written = format.Read(parsed);
            var files = parsed.GetValue(pictures) is { } path ? new[] { path, Beside(path) } : [];
            foreach (var file in files)
                OutputPath.RequireFile(pictures.Name, file);
            var results = RunResults.Read(parsed.GetRequiredValue(run), out var damage);
            var report = new ProtocolReport(results);
            Console.Out.Write(Table.Write([report.Cells, written == TableFormat.Text ? report.WorstCoincidences : report.Coincidences],
                written));
            if (written == TableFormat.Text)
                Console.Out.WriteLine("\n" + string.Join('\n', report.Words));
            if (files is [var first, var second])
                Draw(report, first, second);
            if (results.MissingCells > 0)
                Console.Error.WriteLine($"{results.MissingCells} cells are not finished: run the same measure command again");
            return damage == null ? (int)ExitCode.Ok
                : throw new EmergenceException($"{damage}; only the {results.Cells.Count} cells before it are explained");
        });
        return command;
    }

    /// <summary>Where the second picture goes.</summary>
    private static string Beside(string path) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path) + "-causes.svg");

    private static void Draw(ProtocolReport report, string path, string beside)
    {
        if (report.Figures is not [var (_, coincidences), var (_, causes)])
            throw new EmergenceException("no cell has a value to draw");
        WholeFile.Write(path, Encoding.UTF8.GetBytes(coincidences.Standalone()));
        WholeFile.Write(beside, Encoding.UTF8.GetBytes(causes.Standalone()));
    }
}
