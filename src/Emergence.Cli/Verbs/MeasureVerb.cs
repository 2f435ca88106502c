using System.CommandLine;
using Emergence.Measurement.Settings;
using Emergence.Measurement.Shards;
using Emergence.Messages;
using Emergence.Reports;

namespace Emergence.Cli.Verbs;

/// <summary>Fills the grid of a run, or goes on where it ended.</summary>
internal static class MeasureVerb
{
    public static Command Create()
    {
        var rows = new SettingFlags(SettingTable.Rows);
        var output = new Option<string>("--out")
        {
            Description = "Folder of the run; a run with these settings that was not finished there goes on",
            HelpName = "RUN",
            Required = true,
        };
        var dryRun = new Option<bool>(
            "--dry-run") { Description = "Print cells, time and the device memory of each part, and measure nothing" };
        var shard = new Option<string>(
            "--shard")
            {
                Description =
                    "Measure one part of the grid, K of N, into a journal of its own beside other shards; auto: as the array of Slurm or "
                    + "the Indexed Job of Kubernetes says",
                HelpName = "K/N|auto",
            };
        var stopOn = new Option<string>("--stop-on")
        {
            Description = "A signal that ends the work as SIGTERM does, with its exit code",
            HelpName = Interruption.UserSignal,
        }.AcceptOnlyFromAmong(Interruption.UserSignal);
        var routing = new Option<bool>("--routing")
        {
            Description = "For a mixture of experts, also count where its routers send the tokens, and what decides it",
        };
        var shards = new Option<int>("--shards")
        {
            Description = "With --dry-run: what sharing the grid out to N processes brings",
            HelpName = "N",
        };
        var job = new Option<string>(
            "-o")
            {
                Description = "With --dry-run and --shards: write the file of a job, an array of Slurm or an Indexed Job of Kubernetes",
                HelpName = "sbatch|k8s",
            }.AcceptOnlyFromAmong("sbatch", "k8s");
        var (json, noColor, language) = (Flags.Json(), Flags.NoColor(), Flags.Language());

        var command = new Command("measure", "Measure information emergence, cell by cell, into a folder");
        rows.AddTo(command);
        foreach (var option in new Option[] { output, dryRun, shard, stopOn, routing, shards, job, json, noColor, language,
            ConfigFile.Option() })
            command.Add(option);
        command.SetAction(parsed =>
        {
            var settings = rows.Read(parsed) with { Shard = parsed.GetValue(shard) is { } part ? Shard.Parse(part) : null };
            Require(parsed, settings, dryRun, shards, job, routing);
            return (int)(parsed.GetValue(dryRun)
                ? MeasureRun.DryRun(settings, parsed.GetRequiredValue(output), parsed.GetValue(json), parsed.GetValue(shards),
                    parsed.GetValue(job) is { } kind ? Job : null, parsed.GetValue(routing))
                : MeasureRun.Execute(settings, parsed.GetRequiredValue(output), parsed.GetValue(json), parsed.GetValue(noColor),
                    parsed.GetValue(stopOn), language: PageLanguage.Find(parsed.GetRequiredValue(language)),
                    routing: parsed.GetValue(routing)));

            string Job(JobTask task) => parsed.GetValue(job) == "k8s"
                ? JobFile.Kubernetes(Words(parsed, dryRun, shards, job), task)
                : JobFile.Slurm([.. Words(parsed, dryRun, shards, job).Select(ShellWord.Quote)], task);
        });
        return command;
    }

    /// <summary>Refuses what would not be read.</summary>
    private static void Require(ParseResult parsed, MeasurementSettings settings, Option<bool> dryRun, Option<int> shards, Option job,
        Option<bool> routing)
    {
        // What the file of a job runs is shards.
        var isShared = settings.Shard != null || Flags.IsGiven(parsed, job);
        if (isShared && settings.SelfCheck)
            throw new EmergenceException($"{SettingTable.SelfCheck.Flag} does not go with shards: it looks at the whole grid",
                ExitCode.Usage);
        if (Flags.IsGiven(parsed, job) && settings.Device.Contains(':'))
            throw new EmergenceException(
                $"{job.Name} does not go with {SettingTable.Device.Flag} {Printable.Escape(settings.Device)}: a scheduler shows each task "
                + $"its GPU alone, so say {settings.Device.Split(':')[0]}", ExitCode.Usage);
        if (isShared && parsed.GetValue(routing))
            throw new EmergenceException($"{routing.Name} does not go with shards: it looks at all sequences", ExitCode.Usage);
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
