using System.CommandLine;

namespace Emergence.Cli.Verbs;

/// <summary>The page of a run that was measured in shards, or elsewhere.</summary>
internal static class ReportVerb
{
    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "The folder that measure wrote" };
        var command = new Command("report", "Write the page of a run from its journals alone: no model and no device is needed") { run };
        command.SetAction(parsed => (int)MeasureRun.Report(parsed.GetRequiredValue(run)));
        return command;
    }
}
