using System.CommandLine;
using Emergence.Capture;
using Emergence.Information.Critics;
using Emergence.Measurement.Shards;
using Emergence.Reports;

namespace Emergence.Cli.Verbs;

/// <summary>Fills the grid of a run, or goes on where it ended.</summary>
internal static class MeasureVerb
{
    public static Command Create()
    {
        var model = Flags.Model();
        var (data, device, modelFlags) = (new DataFlags(), new DeviceFlags(), new ModelFlags());
        var boundaries = new Option<string>("--boundaries") { Description = "Between l and l+1, e.g. 0,3,10-12; by default all", HelpName = "LIST" };
        var positions = new Option<string>("--positions") { Description = "Tokens of a sequence, from 0; by default all", HelpName = "LIST" };
        var estimator = new Option<string>("--estimator") { Description = $"How each value is found: {Flags.EstimatorNames}", HelpName = "NAME", DefaultValueFactory = _ => "s-mine" };
        var preset = new Option<string>("--preset") { Description = "Size of the trainings; by default small on a CPU, paper on a GPU", HelpName = string.Join('|', CriticPreset.All.Select(row => row.Name)) };
        var seeds = new Option<int>("--seeds") { Description = "Trainings of each cell", HelpName = "N", DefaultValueFactory = _ => 3 };
        var dtype = new Option<string>("--dtype") { Description = "Type of the arithmetic; stored weights keep their own", HelpName = "float32|bfloat16|auto", DefaultValueFactory = _ => "float32" };
        var micro = new Option<string>("--micro-position") { Description = "Position id of a token that runs alone", HelpName = "zero|own", DefaultValueFactory = _ => "zero" }.AcceptOnlyFromAmong("zero", "own");
        var output = new Option<string>("--out") { Description = "Folder of the run; an unfinished one is gone on with", HelpName = "RUN", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print cells, time and the memory it takes on the device part by part, and measure nothing" };
        var selfCheck = new Option<bool>("--self-check") { Description = "Also hold the estimator against what mutual information obeys (independence, data processing, additivity, symmetry, invariance), on these activations" };
        var shard = new Option<string>("--shard") { Description = "Measure one part of the grid, K of N, into a journal of its own beside other shards; auto: as the array of Slurm or the Indexed Job of Kubernetes says", HelpName = "K/N|auto" };
        var stopOn = new Option<string>("--stop-on") { Description = "A signal that ends the work as SIGTERM does, with its exit code", HelpName = Interruption.UserSignal }.AcceptOnlyFromAmong(Interruption.UserSignal);
        var shards = new Option<int>("--shards") { Description = "With --dry-run: what sharing the grid out to N processes brings", HelpName = "N" };
        var job = new Option<string>("-o") { Description = "With --dry-run and --shards: write the file of a job, an array of Slurm or an Indexed Job of Kubernetes", HelpName = "sbatch|k8s" }.AcceptOnlyFromAmong("sbatch", "k8s");
        var (json, noColor) = (Flags.Json(), Flags.NoColor());

        var command = new Command("measure", "Measure information emergence, cell by cell, into a folder") { model };
        data.AddTo(command);
        device.AddTo(command);
        foreach (var option in new Option[] { boundaries, positions, estimator, preset, seeds, dtype, micro, output, dryRun, selfCheck, shard, stopOn, shards, job, json, noColor, ConfigFile.Option() })
            command.Add(option);
        modelFlags.AddTo(command);
        command.SetAction(parsed =>
        {
            Require(parsed, shard, selfCheck, dryRun, shards, job);
            var settings = data.Settings(parsed, parsed.GetRequiredValue(model)) with
            {
                Boundaries = parsed.GetValue(boundaries),
                Positions = parsed.GetValue(positions),
                Estimator = parsed.GetRequiredValue(estimator),
                Preset = parsed.GetValue(preset),
                Seeds = parsed.GetValue(seeds),
                Shard = parsed.GetValue(shard) is { } part ? Shard.Parse(part) : null,
                SelfCheck = parsed.GetValue(selfCheck),
                DType = parsed.GetRequiredValue(dtype),
                MicroPosition = parsed.GetValue(micro) == "own" ? MicroPosition.Own : MicroPosition.Zero,
                Device = device.Name(parsed),
                DeviceOptions = device.Options(parsed),
                ModelOptions = modelFlags.Options(parsed),
            };
            return (int)(parsed.GetValue(dryRun)
                ? MeasureRun.DryRun(settings, parsed.GetRequiredValue(output), parsed.GetValue(json), parsed.GetValue(shards), parsed.GetValue(job) is { } kind ? Job : null)
                : MeasureRun.Execute(settings, parsed.GetRequiredValue(output), parsed.GetValue(json), parsed.GetValue(noColor), parsed.GetValue(stopOn)));

            string Job(ShardEstimate share, int threads, long memory) => parsed.GetValue(job) == "k8s"
                ? JobFile.Kubernetes(Words(parsed, dryRun, shards, job), share.Shards, threads, memory)
                : JobFile.Slurm([.. Words(parsed, dryRun, shards, job).Select(RunCommand.Quote)], share.Shards, threads, memory, share.Seconds);
        });
        return command;
    }

    /// <summary>Refuses what would not be read.</summary>
    private static void Require(ParseResult parsed, Option shard, Option<bool> selfCheck, Option<bool> dryRun, Option<int> shards, Option job)
    {
        if (Flags.IsGiven(parsed, shard) && parsed.GetValue(selfCheck))
            throw new EmergenceException($"{selfCheck.Name} does not go with {shard.Name}: it looks at the whole grid", ExitCode.Usage);
        foreach (var option in new[] { shards, job })
        {
            if (Flags.IsGiven(parsed, option) && !parsed.GetValue(dryRun))
                throw new EmergenceException($"{option.Name} is read with {dryRun.Name} only", ExitCode.Usage);
        }

        if (Flags.IsGiven(parsed, shards) ? parsed.GetValue(shards) < 1 : Flags.IsGiven(parsed, job))
            throw new EmergenceException($"{shards.Name}: expected 1 or more, found {parsed.GetValue(shards)}", ExitCode.Usage);
    }

    /// <summary>The command as it was typed, without the options that only say what to print.</summary>
    private static List<string> Words(ParseResult parsed, Option<bool> dryRun, params Option[] withValues)
    {
        var (words, skip) = (new List<string> { "emergence" }, false);
        foreach (var word in parsed.Tokens.Select(token => token.Value))
        {
            if (!skip && word != dryRun.Name && withValues.All(option => option.Name != word))
                words.Add(word);
            skip = !skip && withValues.Any(option => option.Name == word);
        }

        return words;
    }
}
