using System.CommandLine;
using System.Globalization;
using Emergence.Information.KnownMi;
using Emergence.Reports;

namespace Emergence.Cli.Verbs;

/// <summary>How estimators do where the information is known: at a user's own size, on all cases, on a toy, and how their intervals cover.</summary>
internal static class CalibrateVerb
{
    public static Command Create()
    {
        var known = new Option<bool>("--known") { Description = $"All cases of known information at {KnownMiCases.Rows} rows, against what each estimator must do" };
        var coverage = new Option<int>("--coverage") { Description = "How often the 95 % intervals hold the truth, over so many samples of --samples rows", HelpName = "REPEATS" };
        var toy = new Option<bool>("--toy") { Description = "The published protocol beside s-mine on a toy of a language model, --samples sequences" };
        var critic = new Option<string>("--critic") { Description = "Outputs of the critic's layers, of --toy", HelpName = "A-B-1", DefaultValueFactory = _ => "64-32-16-1" };
        var steps = new Option<int>("--steps") { Description = "Steps of a training, of --toy", HelpName = "N", DefaultValueFactory = _ => 1_500 };
        var dimensions = new Option<int>("--dim") { Description = "Columns a side of normal data with 0 to 10 bits", HelpName = "D", DefaultValueFactory = _ => 1 };
        var samples = new Option<int>("--samples") { Description = "Rows", HelpName = "N", DefaultValueFactory = _ => 2_000 };
        var estimators = MiVerb.Estimators("ksg,gaussian,mine-ema");
        var seed = new Option<ulong>("--seed") { Description = "Draws the samples and trains", HelpName = "N", DefaultValueFactory = _ => 4 };
        var picture = new Option<string>("--svg") { Description = "Also draw estimates over truth into this file", HelpName = "FILE.svg" };
        var (device, format, json) = (new DeviceFlags(), Flags.Format(), Flags.Json());
        var command = new Command("calibrate", "Hold estimators against data whose mutual information is known") { known, coverage, toy, critic, steps, dimensions, samples, estimators, seed, picture, format, json };
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            var (rows, first) = (parsed.GetValue(samples), parsed.GetValue(seed));
            if (rows < 2 || parsed.GetValue(dimensions) < 1)
                throw new EmergenceException($"expected 2 rows and 1 column or more, found {rows} and {parsed.GetValue(dimensions)}", ExitCode.Usage);
            var written = parsed.GetValue(json) ? TableFormat.Jsonl : TableFormats.Parse(parsed.GetRequiredValue(format));
            var chosen = MiVerb.Choose(parsed.GetRequiredValue(estimators));
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            var calibration = new Calibration(machine, interruption.Token);
            var only = parsed.GetResult(estimators) is { Implicit: false } ? chosen : null;
            var (table, isGood) = parsed.GetValue(known) ? calibration.Known(first, only)
                : parsed.GetValue(toy) ? (calibration.Toy(rows, Widths(parsed.GetRequiredValue(critic)), parsed.GetValue(steps), first), true)
                : parsed.GetValue(coverage) > 0 ? (calibration.Coverage(parsed.GetValue(coverage), rows, first, only), true)
                : (calibration.Normal(chosen, parsed.GetValue(dimensions), rows, first, parsed.GetValue(picture)), true);
            Console.Out.Write(table.ToString(written));
            return (int)(isGood ? ExitCode.Ok : ExitCode.Failed);
        });
        return command;
    }

    private static int[] Widths(string text)
    {
        var words = text.Split('-');
        return words.Length > 1 && words[^1] == "1" && words.All(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var width) && width > 0)
            ? [.. words.Select(word => int.Parse(word, CultureInfo.InvariantCulture))]
            : throw new EmergenceException($"--critic '{Printable.Escape(text)}': expected widths that end in 1, e.g. 64-32-16-1", ExitCode.Usage);
    }
}
