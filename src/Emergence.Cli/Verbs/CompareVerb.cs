using System.CommandLine;
using Emergence.Measurement.Results;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>Two runs, E(T) by E(T): higher, lower, same, or cannot tell.</summary>
internal static class CompareVerb
{
    public static Command Create()
    {
        var first = new Argument<string>("FIRST") { Description = "The folder that measure wrote" };
        var second = new Argument<string>("SECOND") { Description = "The folder to hold it against" };
        var format = new Option<string>("-o")
        {
            Description = "How to write the table",
            HelpName = TableFormats.Names,
            DefaultValueFactory = _ => "text",
        };
        var command = new Command(
            "compare", "Say of two runs where E(T) of the first is higher, lower, the same, or cannot be told") { first, second, format };
        command.SetAction(parsed =>
        {
            var written = TableFormats.Parse(parsed.GetRequiredValue(format));
            var (one, other) = (Read(parsed.GetRequiredValue(first)), Read(parsed.GetRequiredValue(second)));
            foreach (var caution in RunComparison.Cautions(one, other))
                Console.Error.WriteLine(caution);
            var (firstName, secondName) = (Name(parsed.GetRequiredValue(first)), Name(parsed.GetRequiredValue(second)));
            if (RunComparison.QuantizationNote((firstName, one), (secondName, other)) is { } note)
                Console.Error.WriteLine(note);
            var table = RunComparisonTable.Empty();
            RunComparisonTable.AddTo(table, firstName, secondName, RunComparison.Of(one, other));
            if (table.Rows.Count == 0)
                throw new EmergenceException("the runs have no E(T) in common: expected IE at the same number of tokens in both",
                    ExitCode.Usage);
            var throughNoise = NoiseComparisonTable.Empty();
            NoiseComparisonTable.AddTo(throughNoise, (firstName, one), (secondName, other));
            if (throughNoise.Rows.Count > 0 && written == TableFormat.Text)
                Console.Out.WriteLine(NoiseWords.Compared);
            var order = LayerOrderTable.Of((firstName, one), (secondName, other));
            if (order.Rows.Count > 0 && written == TableFormat.Text)
                Console.Out.WriteLine("Last: " + LayerOrderTable.Meaning);
            if (throughNoise.Rows.Count > 0 && written == TableFormat.Text)
                Console.Out.WriteLine();
            Table[] tables = [throughNoise, table, order];
            Console.Out.Write(Table.Write([.. tables.Where(part => part.Rows.Count > 0)], written));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static RunResults Read(string path)
    {
        var results = RunResults.Read(path, out var damage);
        return damage == null ? results : throw new EmergenceException(damage);
    }

    private static string Name(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
}
