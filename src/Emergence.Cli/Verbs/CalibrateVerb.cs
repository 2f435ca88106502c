using System.CommandLine;
using System.Globalization;
using Emergence.Files;
using Emergence.Information;
using Emergence.Information.KnownMi;
using Emergence.Messages;

namespace Emergence.Cli.Verbs;

/// <summary>How estimators do where the information is known: at a user's own size, on all cases, on a toy, and how their intervals
/// cover.</summary>
internal static class CalibrateVerb
{
    public static Command Create()
    {
        var known = new Option<bool>("--known")
        {
            Description = $"Run every case of known information at {KnownMiCases.Rows} rows and check each estimator's value",
        };
        var coverage = new Option<int>("--coverage")
        {
            Description = "Count how often 95 % intervals hold the true value, over REPEATS samples of --samples rows",
            HelpName = "REPEATS",
        };
        var families = new Option<int>(
            "--families")
            {
                Description = "Run mi on thirty kinds of data as users have them, REPEATS samples of --samples rows: value, interval, "
                    + "verdict; --estimator may name auto",
                HelpName = "REPEATS",
            };
        var toy = new Option<bool>(
            "--toy") { Description = "Compare the published protocol with s-mine on --samples sequences of a toy language model" };
        var critic = new Option<string>("--critic")
        {
            Description = "With --toy: outputs of the critic's layers",
            HelpName = "A-B-1",
            DefaultValueFactory = _ => "64-32-16-1",
        };
        var steps = new Option<int>("--steps")
        {
            Description = "With --toy: steps of a training",
            HelpName = "N",
            DefaultValueFactory = _ => 1_500,
        };
        var dimensions = new Option<int>("--dim")
        {
            Description = "Columns of each side, for normal data of 0 to 10 bits",
            HelpName = "D",
            DefaultValueFactory = _ => 1,
        };
        var samples = new Option<int>("--samples")
        {
            Description = $"Rows of each sample; --known always takes {KnownMiCases.Rows}",
            HelpName = "N",
            DefaultValueFactory = _ => 2_000,
        };
        var estimators = MiVerb.Estimators("ksg,gaussian,mine-ema");
        var seed = new Option<ulong>("--seed")
        {
            Description = "Seed of the samples and of the trainings",
            HelpName = "N",
            DefaultValueFactory = _ => 4,
        };
        var picture = new Option<string>("--svg")
        {
            Description = "Also draw estimates over truth of normal data into this file",
            HelpName = "FILE.svg",
        };
        var (device, format) = (new DeviceFlags(), new FormatFlags());
        Option[] all = [known, coverage, families, toy, critic, steps, dimensions, samples, estimators, seed, picture];
        var command = new Command("calibrate", "Check estimators on data whose mutual information is known");
        foreach (var option in all)
            command.Add(option);
        format.AddTo(command);
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            Option? mode = parsed.GetValue(known) ? known : parsed.GetValue(toy) ? toy : Flags.IsGiven(parsed, coverage) ? coverage
                : Flags.IsGiven(parsed, families) ? families : null;
            Option[] reads = mode == known ? [estimators, seed] : mode == toy ? [critic, steps, samples, seed]
                : mode == coverage || mode == families ? [samples, estimators, seed] : [dimensions, samples, estimators, seed, picture];
            Flags.RequireRead(parsed, mode, reads, all);
            var rows = AtLeast(2, samples, parsed);
            var written = format.Read(parsed);
            var names = parsed.GetRequiredValue(estimators);
            var (chosen, hasAuto) = mode == families ? MiVerb.ChooseOrAuto(names) : (MiVerb.Choose(names), false);
            var only = Flags.IsGiven(parsed, estimators) && chosen != EstimatorTable.Rows ? chosen : null;
            if (mode == known)
                Require(only, Calibration.KnownEstimators, "the known cases are for");
            else if (mode == coverage)
                Require(only, Calibration.CoveredEstimators, "coverage is counted for");
            var (repeats, columns, trained, widths, first) =
                (mode == coverage ? AtLeast(1, coverage, parsed) : mode == families ? AtLeast(1, families, parsed) : 0,
                AtLeast(1, dimensions, parsed), AtLeast(1, steps, parsed), Widths(parsed.GetRequiredValue(critic)), parsed.GetValue(seed));
            if (parsed.GetValue(picture) is { } file)
                OutputPath.RequireFile(picture.Name, file);
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            var calibration = new Calibration(machine, interruption.Token);
            var (table, isGood) = mode == known ? calibration.Known(first, only)
                : mode == toy ? (calibration.Toy(rows, widths, trained, first), true)
                : mode == coverage ? (calibration.Coverage(repeats, rows, first, only), true)
                : mode == families ? (calibration.Families(repeats, rows, first, only, hasAuto), true)
                : (calibration.Normal(chosen, columns, rows, first, parsed.GetValue(picture)), true);
            Console.Out.Write(table.ToString(written));
            return (int)(isGood ? ExitCode.Ok : ExitCode.Failed);
        });
        return command;
    }

    private static int AtLeast(int least, Option<int> option, ParseResult parsed) => parsed.GetValue(option) is var value && value >= least
        ? value
        : throw new EmergenceException($"{option.Name}: expected {least} or more, found {value}", ExitCode.Usage);

    /// <summary>Refuses estimators that would have no row.</summary>
    private static void Require(IReadOnlyList<Estimator>? chosen, IReadOnlyCollection<string> there, string what)
    {
        if (chosen?.FirstOrDefault(estimator => !there.Contains(estimator.Name)) is { } missing)
            throw new EmergenceException($"{what} {string.Join(", ", there)}: choose among these, found {missing.Name}", ExitCode.Usage);
    }

    private static int[] Widths(string text)
    {
        var words = text.Split('-');
        return words.Length > 1 && words[^1] == "1"
            && words.All(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var width) && width > 0)
            ? [.. words.Select(word => int.Parse(word, CultureInfo.InvariantCulture))]
            : throw new EmergenceException($"--critic '{Printable.Escape(text)}': expected widths that end in 1, e.g. 64-32-16-1",
                ExitCode.Usage);
    }
}
