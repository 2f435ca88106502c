using System.CommandLine;
using Emergence.Devices;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Messages;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>The information between two arrays of a user, by any estimator.</summary>
internal static class MiVerb
{
    private const string All = "all";

    public static Option<string> Estimators(string chosen) => new("--estimator")
    {
        Description = $"{All}, or a list of: {Flags.EstimatorNames}",
        HelpName = "A,B",
        DefaultValueFactory = _ => chosen,
    };

    public static Command Create()
    {
        var table = new TableFlags();
        var estimator = Estimators("exact,mixed-ksg,gaussian,mine-ema");
        var seeds = new Option<int>("--seeds") { Description = "Trainings of each estimator that is trained", HelpName = "N", DefaultValueFactory = _ => 3 };
        var seed = new Option<ulong>("--seed") { Description = "The first of the seeds", HelpName = "N", DefaultValueFactory = _ => 1 };
        var preset = new Option<string>("--preset") { Description = "Size of the trainings of s-mine and paper", HelpName = string.Join('|', CriticPreset.All.Select(row => row.Name)), DefaultValueFactory = _ => CriticPreset.Small.Name };
        var (device, json) = (new DeviceFlags(), new Option<bool>("--json") { Description = "Print one JSON object for each estimator, one a line" });
        var command = new Command("mi", "Estimate the mutual information of two arrays, with interval and verdict") { estimator, seeds, seed, preset, json };
        table.AddTo(command);
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            var estimators = Choose(parsed.GetRequiredValue(estimator));
            var count = parsed.GetValue(seeds);
            if (count < 1)
                throw new EmergenceException($"expected 1 seed or more, found {count}", ExitCode.Usage);
            var size = CriticPreset.Find(parsed.GetRequiredValue(preset));
            var sides = table.Read(parsed);
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            var first = parsed.GetValue(seed);
            var results = Estimate(machine, estimators, sides.ToClasses(), size, [.. Enumerable.Range(0, count).Select(i => first + (ulong)i)], interruption.Token);
            return (int)Print(results, sides, parsed.GetValue(json));
        });
        return command;
    }

    internal static IReadOnlyList<Estimator> Choose(string names)
    {
        if (names == All)
            return EstimatorTable.Rows;
        var words = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().ToList();
        if (words.Count == 0)
            throw new EmergenceException($"--estimator {Printable.Quote(names)}: expected {All} or one name or more, found none", ExitCode.Usage);
        if (words.Contains(All))
            throw new EmergenceException($"--estimator {Printable.Quote(names)}: {All} stands alone", ExitCode.Usage);
        return [.. words.Select(EstimatorTable.Find)];
    }

    internal static List<PairInformation> Estimate(Device device, IReadOnlyList<Estimator> estimators, JointClasses joint, CriticPreset preset, ulong[] seeds, CancellationToken cancellation)
    {
        var found = estimators.ToDictionary(estimator => estimator, _ => new List<MutualInformation>());
        var requests = estimators.SelectMany(estimator => seeds.Take(estimator.IsRandom ? seeds.Length : 1).Select(seed => new EstimationRequest(estimator, joint, preset, seed, 0)));
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
    private static ExitCode Print(List<PairInformation> results, Sides sides, bool json)
    {
        var table = new Table(
            TableColumn.Text("estimator"), TableColumn.Number("mi_bits", 3), TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Integer("n"), TableColumn.Integer("dx"), TableColumn.Integer("dy"), TableColumn.Text("verdict"), TableColumn.Text("note"));
        foreach (var result in results)
        {
            var note = json ? string.Join("; ", [.. result.Note == null ? Array.Empty<string>() : [result.Note], .. sides.Read]) : result.Note;
            table.Add(result.Estimator, Known(result.MiBits), Known(result.Low), Known(result.High), (long)sides.Rows, sides.X.Count, sides.Y.Count, result.Verdict.Word(), note);
        }

        if (!json)
            Console.Error.WriteLine(string.Join(Environment.NewLine, sides.Read));
        Console.Out.Write(table.ToString(json ? TableFormat.Jsonl : TableFormat.Text));
        return results.All(result => result.Verdict == Verdict.Failed) ? ExitCode.Failed
            : results.Any(result => result.Verdict == Verdict.Failed) ? ExitCode.SomeCellsFailed : ExitCode.Ok;
    }

    /// <summary>What is not known is left empty: null in JSON.</summary>
    internal static TableCell Known(double value) => double.IsFinite(value) ? value : TableCell.Empty;
}
