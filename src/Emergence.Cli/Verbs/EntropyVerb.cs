using System.CommandLine;
using Emergence.Datasets;
using Emergence.Measurement.Settings;
using Emergence.Tables;
using Emergence.Tokenizers;

namespace Emergence.Cli.Verbs;

/// <summary>What can be said about a data set without running a model.</summary>
internal static class EntropyVerb
{
    // All sequences of the published sets, and a large sample of anything larger.
    private const int MostSequences = 1_000_000;

    public static Command Create()
    {
        var (flags, json) = (new SettingFlags([SettingTable.Model, .. SettingTable.OfData]), Flags.Json());
        var command = new Command("entropy", "Print the exact entropies of a data set; needs only the model's tokenizer") { json };
        flags.AddTo(command);
        command.SetAction(parsed =>
        {
            var settings = flags.Read(parsed);
            var folder = ModelFolder.Find(settings.Model);
            var set = DatasetTable.Create(settings.Data, Tokenizer.Load(folder), new DatasetOptions(settings, folder, MostSequences));
            foreach (var note in set.Notes)
                Console.Error.WriteLine(note);
            Console.Out.Write(Table.Write([About(set), Positions(set)], parsed.GetValue(json) ? TableFormat.Json : TableFormat.Text));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Table About(Dataset set)
    {
        var table = new Table(
            TableColumn.Text("data"), TableColumn.Integer("sequences"), TableColumn.Number("log2_n", 3), TableColumn.Number("available", 0),
                TableColumn.Text("kind"), TableColumn.Text("id"));
        table.Add(set.Name, set.Count, set.Log2N, set.Available, set.IsEnumeration ? "enumeration" : "sample", set.Id);
        return table;
    }

    /// <summary>
    /// The exact IE holds wherever a model keeps prefixes apart on both sides of a block: I_macro is then H(prefix), and
    /// I_micro-t is H(token t).
    /// </summary>
    private static Table Positions(Dataset set)
    {
        var table = new Table(
            TableColumn.Integer("position"), TableColumn.Text("token"), TableColumn.Number("h_token_bits", 3),
                TableColumn.Number("h_prefix_bits", 3), TableColumn.Integer("distinct_prefixes"), TableColumn.Number("exact_ie_bits", 3));
        for (var t = 0; t < set.Length; t++)
            table.Add(t, set.Labels[t], set.TokenBits[t], set.PrefixBits[t], set.DistinctPrefixes[t],
                set.PrefixBits[t] - set.TokenBits.Take(t + 1).Average());
        return table;
    }
}
