using System.CommandLine;
using System.Globalization;
using Emergence.Measurement.Results;
using Emergence.Measurement.Shards;
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
        var unit = new Option<string>("--unit")
        {
            Description = "Unit of information",
            HelpName = "bits|nats",
            DefaultValueFactory = _ => "bits",
        }.AcceptOnlyFromAmong("bits", "nats");
        var shards = new Option<bool>(
            "--shards") { Description = "Print instead how far each shard is, and which are to be submitted again" };
        var command = new Command("show", "Print the cells of a run, then IE by boundary and tokens, and its mean over boundaries") { run,
            format, unit, shards };
        command.SetAction(parsed =>
        {
            var written = TableFormats.Parse(parsed.GetRequiredValue(format));
            if (parsed.GetValue(shards))
                return (int)Shards(parsed.GetRequiredValue(run), written);
            var results = RunResults.Read(parsed.GetRequiredValue(run), out var damage);
            var (noise, nats) = (new NoiseResults(results), parsed.GetValue(unit) == "nats");
            var (tables, ofNoise) = (new RunTables(results, nats), new NoiseTables(noise, nats));
            Console.Out.Write(Table.Write([tables.Cells, .. noise.Shown.Count > 0 ? [ofNoise.Cells] : (Table[])[],
                .. noise.HasEmergence ? [ofNoise.Means, ofNoise.Layers, ofNoise.Curves] : (Table[])[], .. tables.OfEmergence], written));
            if (results.MissingCells > 0)
                Console.Error.WriteLine($"{results.MissingCells} cells are not finished: run the same measure command again");
            return damage == null ? (int)ExitCode.Ok
                : throw new EmergenceException($"{damage}; only the {results.Cells.Count} cells before it are shown");
        });
        return command;
    }

    private static ExitCode Shards(string run, TableFormat format)
    {
        var table = new Table(TableColumn.Text("shard"), TableColumn.Integer("cells"), TableColumn.Integer("of"),
            TableColumn.Integer("attempts"), TableColumn.Text("host"), TableColumn.Text("last_write"));
        var shards = ShardStatus.Read(run);
        foreach (var shard in shards)
        {
            var last = shard.Files.Count > 0 ? shard.Files[^1] : null;
            table.Add($"{shard.Shard}", shard.Finished, shard.Cells, shard.Files.Count, last?.Host ?? "",
                last?.LastWrite.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) ?? "");
        }

        Console.Out.Write(table.ToString(format));
        foreach (var count in shards.GroupBy(shard => shard.Shard.Count).Where(count => count.Any(shard => shard.IsMissing)))
            (format == TableFormat.Text ? Console.Out : Console.Error)
                .WriteLine($"of {count.Key} shards: --array={ShardStatus.Missing(count)}");
        return ExitCode.Ok;
    }
}
