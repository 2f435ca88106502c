using System.CommandLine;
using System.Text;
using Emergence.Devices;
using Emergence.Files;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Measurement.Settings;
using Emergence.Messages;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>The information between two arrays of a user, by any estimator.</summary>
internal static class MiVerb
{
    private const string All = "all";

    public static Option<string> Estimators(string chosen) => new("--estimator")
    {
        Description = $"{All}, or a list of: {SettingTable.EstimatorNames}",
        HelpName = "A,B",
        DefaultValueFactory = _ => chosen,
    };

    public static Command Create()
    {
        var table = new TableFlags();
        var estimator = Estimators("exact,mixed-ksg,gaussian,mine-ema");
        estimator.Description += $"; {PairEvidence.AutoName} is the one that the rows call for, held against one of another family";
        var seeds = new Option<int>("--seeds")
        {
            Description = "Trainings of each estimator that is trained",
            HelpName = "N",
            DefaultValueFactory = _ => 3,
        };
        var seed = new Option<ulong>("--seed") { Description = "The first of the seeds", HelpName = "N", DefaultValueFactory = _ => 1 };
        var preset = new Option<string>(
            "--preset")
            {
                Description = "Size of the trainings of s-mine and paper; by default canonical for s-mine, small for paper",
                HelpName = string.Join('|', CriticPreset.All.Select(row => row.Name)),
            };
        var permutations = new Option<int?>(
            "--permutations")
            {
                Description =
                    "Shuffle y N times: the p-value of independence, and the mean value without dependence; runs of --exclude rows stay "
                    + "together",
                HelpName = "N",
            };
        var local = new Option<string?>("--local")
        {
            Description =
                "Also write the bits of every row to this file, by exact, ksg, mixed-ksg and gaussian: which rows carry the information",
            HelpName = "OUT.csv",
        };
        var target = new Option<string?>("--target")
        {
            Description = "Rank all other columns of one table by what they tell of this one",
            HelpName = "COLUMN",
        };
        var pairs = new Option<string?>("--pairs")
        {
            Description = "All pairs of columns of one table",
            HelpName = "all",
        }.AcceptOnlyFromAmong("all");
        var svg = new Option<string?>("--svg") { Description = "Also draw --target or --pairs as a picture", HelpName = "FILE.svg" };
        var (device, json) = (new DeviceFlags(),
            new Option<bool>("--json") { Description = "Print one JSON object for each estimator, one a line" });
        var command = new Command("mi", "Estimate the mutual information of two arrays, with interval and verdict") { estimator, seeds,
            seed, preset, permutations, local, target, pairs, svg, json };
        table.AddTo(command);
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            var (count, shuffles) = (parsed.GetValue(seeds), parsed.GetValue(permutations));
            if (count < 1)
                throw new EmergenceException($"expected 1 seed or more, found {count}", ExitCode.Usage);
            if (shuffles < 1)
                throw new EmergenceException($"--permutations: expected 1 or more, found {shuffles}", ExitCode.Usage);
            using var interruption = new Interruption();
            if (parsed.GetValue(target) != null || parsed.GetValue(pairs) != null)
                return (int)new MiTable(table, parsed, parsed.GetValue(target), shuffles, parsed.GetValue(seed), interruption.Token)
                    .Run(parsed.GetValue(svg), parsed.GetValue(json));
            if (parsed.GetValue(svg) != null)
                throw new EmergenceException("--svg: expected --target or --pairs all", ExitCode.Usage);
            var names = parsed.GetRequiredValue(estimator);
            var size = parsed.GetValue(preset);
            var (estimators, hasAuto) = ChooseOrAuto(names);
            foreach (var row in estimators)
                _ = CriticPreset.Find(size, row, isLarge: false);
            var sides = table.Read(parsed);
            if (sides.Z != null)
            {
                if (shuffles != null || parsed.GetValue(local) != null || hasAuto)
                    throw new EmergenceException("--given: expected no --permutations, --local or auto beside it", ExitCode.Usage);
                string[] known = parsed.GetResult(estimator) is { Implicit: false } ? [.. estimators.Select(row => row.Name)]
                    : ["exact", "ksg", "gaussian"];
                return (int)Print([.. known.Select(name => ConditionalInformation.Estimate(name, sides.X, sides.Y, sides.Z, sides.Window))],
                    [], sides, parsed.GetValue(json));
            }

            var joint = sides.ToClasses();
            using var machine = device.Open(parsed);
            var from = parsed.GetValue(seed);
            var (results, all, first) = Judge(machine, estimators, hasAuto, joint, size,
                [.. Enumerable.Range(0, count).Select(i => from + (ulong)i)], interruption.Token, sides.Window);
            if (parsed.GetValue(local) is { } path)
                WholeFile.Write(path, Encoding.UTF8.GetBytes(LocalValues.Of(joint, sides.Window, [.. all.Select(row => row.Name)])
                    .ToString(TableFormat.Csv)));
            var tests = shuffles is { } number
                ? results.ConvertAll(result =>
                PermutationTest.Run(EstimatorTable.Find(result.Estimator == PairEvidence.AutoName ? first : result.Estimator), joint,
                sides.Window, number, from)) : [];
            return (int)Print(results, tests, sides, parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>The estimators of a list that may name auto too.</summary>
    internal static (IReadOnlyList<Estimator> Named, bool HasAuto) ChooseOrAuto(string names)
    {
        var words = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return !words.Contains(PairEvidence.AutoName) ? (Choose(names), false)
            : (Array.TrueForAll(words, word => word == PairEvidence.AutoName) ? []
                : Choose(string.Join(',', words.Where(word => word != PairEvidence.AutoName))), true);
    }

    internal static IReadOnlyList<Estimator> Choose(string names)
    {
        if (names == All)
            return EstimatorTable.Rows;
        var words = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().ToList();
        if (words.Count == 0)
            throw new EmergenceException($"--estimator {Printable.Quote(names)}: expected {All} or one name or more, found none",
                ExitCode.Usage);
        if (words.Contains(All))
            throw new EmergenceException($"--estimator {Printable.Quote(names)}: {All} stands alone", ExitCode.Usage);
        return [.. words.Select(EstimatorTable.Find)];
    }

    /// <summary>
    /// What is said of two sides by some estimators, and before them by auto if it is asked; with all estimators that ran for it, and the
    /// name of the one that auto took.
    /// </summary>
    internal static (List<PairInformation> Results, List<Estimator> All, string Auto) Judge(Device device, IReadOnlyList<Estimator> named,
        bool hasAuto, JointClasses joint, string? preset, ulong[] seeds, CancellationToken cancellation, int window = 0)
    {
        var evidence = new PairEvidence(joint, window);
        var (first, second, why) = hasAuto ? evidence.Choose() : ("", "", "");
        List<Estimator> all = [.. named, .. hasAuto ? new[] { first, second }.Except(named.Select(row => row.Name))
            .Select(EstimatorTable.Find) : []];
        var results = Estimate(device, all, joint, preset, seeds, cancellation, window).ConvertAll(evidence.Judge);
        if (hasAuto)
            results.Insert(0, PairEvidence.Agree(results.Single(result => result.Estimator == first),
                results.Single(result => result.Estimator == second), why));
        return (results, all, first);
    }

    internal static List<PairInformation> Estimate(Device device, IReadOnlyList<Estimator> estimators, JointClasses joint, string? preset,
        ulong[] seeds, CancellationToken cancellation, int window = 0)
    {
        var found = estimators.ToDictionary(estimator => estimator, _ => new List<MutualInformation>());
        var requests = estimators.SelectMany(estimator => seeds.Take(estimator.IsRandom ? seeds.Length : 1).Select(seed =>
            new EstimationRequest(estimator, joint, CriticPreset.Find(preset, estimator, isLarge: false), seed, 0) { Window = window }));
        using var batch = new EstimationBatch(device, seeds.Length);
        batch.Run(
            requests,
            (request, result) =>
            {
                cancellation.ThrowIfCancellationRequested();
                found[request.Estimator].Add(result);
            },
            cancellation);
        return [.. estimators.Select(estimator => PairInformation.Of(joint, [.. found[estimator].OrderBy(result => result.Seed)]))];
    }

    /// <summary>What was read is part of the note in JSON; beside the table it is one line a file, on stderr.</summary>
    private static ExitCode Print(List<PairInformation> results, List<PermutationTest?> tests, Sides sides, bool json)
    {
        TableColumn[] columns = [TableColumn.Text("estimator"), TableColumn.Number("mi_bits", 3), TableColumn.Number("lo", 3),
            TableColumn.Number("hi", 3), TableColumn.Integer("n"), TableColumn.Integer("dx"), TableColumn.Integer("dy"),
            TableColumn.Text("verdict"), TableColumn.Text("note")];
        var table = new Table([.. columns[..7], .. tests.Count == 0 ? Array.Empty<TableColumn>()
            : [TableColumn.Number("p_value", 4), TableColumn.Number("null_bits", 3)], .. columns[7..]]);
        foreach (var (result, test) in results.Select((result, i) => (result, tests.ElementAtOrDefault(i))))
        {
            var note = json ? string.Join("; ", [.. result.Note == null ? Array.Empty<string>() : [result.Note], .. sides.Read])
                : result.Note;
            TableCell[] cells = [result.Estimator, TableCell.Known(result.MiBits), TableCell.Known(result.Low),
                TableCell.Known(result.High), (long)sides.Rows, sides.X.Count, sides.Y.Count];
            table.Add([.. cells, .. tests.Count == 0 ? Array.Empty<TableCell>()
                : [TableCell.Known(test?.PValue ?? double.NaN), TableCell.Known(test?.NullBits ?? double.NaN)], result.Verdict.Word(),
                    note]);
        }

        if (!json)
            Console.Error.WriteLine(string.Join(Environment.NewLine, sides.Read));
        Console.Out.Write(table.ToString(json ? TableFormat.Jsonl : TableFormat.Text));
        return results.All(result => result.Verdict == Verdict.Failed) ? ExitCode.Failed
            : results.Any(result => result.Verdict == Verdict.Failed) ? ExitCode.SomeCellsFailed : ExitCode.Ok;
    }
}
