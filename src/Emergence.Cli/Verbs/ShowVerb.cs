using System.CommandLine;
using Emergence.Measurement.Results;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>The results of a run, in any format.</summary>
internal static class ShowVerb
{
    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "The folder that measure wrote" };
        var format = Flags.Format();
        var unit = new Option<string>("--unit") { Description = "Unit of information", HelpName = "bits|nats", DefaultValueFactory = _ => "bits" }.AcceptOnlyFromAmong("bits", "nats");
        var command = new Command("show", "Print the cells of a run, then IE by boundary and tokens, and its mean over boundaries") { run, format, unit };
        command.SetAction(parsed =>
        {
            var written = TableFormats.Parse(parsed.GetRequiredValue(format));
            var results = RunResults.Read(parsed.GetRequiredValue(run), out var damage);
            var tables = new RunTables(results, parsed.GetValue(unit) == "nats");
            Console.Out.Write(Table.Write([tables.Cells, .. tables.OfEmergence], written));
            if (results.MissingCells > 0)
                Console.Error.WriteLine($"{results.MissingCells} cells are not finished: run the same measure command again");
            return damage == null ? (int)ExitCode.Ok : throw new EmergenceException($"{damage}; only the {results.Cells.Count} cells before it are shown");
        });
        return command;
    }
}
