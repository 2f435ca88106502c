using System.CommandLine;
using Emergence.Reports;

namespace Emergence.Cli.Verbs;

/// <summary>The page of a run that was measured in shards, or elsewhere.</summary>
internal static class ReportVerb
{
    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "The folder that measure wrote" };
        var language = Flags.Language();
        var command = new Command("report", "Write the page of a run from its journals alone: no model and no device is needed") { run,
            language };
        command.SetAction(parsed =>
            (int)MeasureRun.Report(parsed.GetRequiredValue(run), PageLanguage.Find(parsed.GetRequiredValue(language))));
        return command;
    }
}
