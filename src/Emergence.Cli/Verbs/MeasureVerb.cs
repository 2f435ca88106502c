using System.CommandLine;
using Emergence.Measurement.Settings;

namespace Emergence.Cli.Verbs;

/// <summary>Fills the grid of a run, or goes on where it ended.</summary>
internal static class MeasureVerb
{
    public static Command Create()
    {
        var settings = new SettingFlags(SettingTable.Rows);
        var output = new Option<string>("--out") { Description = "Run folder; an unfinished run in it is resumed", HelpName = "RUN", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print cells, time and the device memory of each part, and measure nothing" };
        var (json, noColor) = (Flags.Json(), Flags.NoColor());

        var command = new Command("measure", "Measure information emergence, cell by cell, into a folder");
        settings.AddTo(command);
        foreach (var option in new Option[] { output, dryRun, json, noColor, ConfigFile.Option() })
            command.Add(option);
        command.SetAction(parsed => (int)(parsed.GetValue(dryRun)
            ? MeasureRun.DryRun(settings.Read(parsed), parsed.GetRequiredValue(output), parsed.GetValue(json))
            : MeasureRun.Execute(settings.Read(parsed), parsed.GetRequiredValue(output), parsed.GetValue(json), parsed.GetValue(noColor))));
        return command;
    }
}
