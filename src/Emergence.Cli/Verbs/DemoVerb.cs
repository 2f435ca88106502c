using System.CommandLine;
using Emergence.Information.Critics;
using Emergence.Measurement.Settings;

namespace Emergence.Cli.Verbs;

/// <summary>A small real model on its own words: everything the program does, within a minute.</summary>
internal static class DemoVerb
{
    public static Command Create()
    {
        var output = new Option<string>("--out") { Description = "Folder of the run", HelpName = "RUN", DefaultValueFactory = _ => Path.Combine("runs", "demo") };
        var (device, json, noColor) = (new DeviceFlags(), Flags.Json(), Flags.NoColor());
        var command = new Command("demo", "Measure the model that comes with the program on sequences of two words") { output, json, noColor };
        device.AddTo(command);
        command.SetAction(parsed => (int)MeasureRun.Execute(
            new MeasurementSettings
            {
                Model = "stories260k",
                Data = "words",
                Shots = 2,
                Preset = CriticPreset.Canonical.Name,
                Device = device.Name(parsed),
                DeviceOptions = device.Options(parsed),
            },
            parsed.GetRequiredValue(output),
            parsed.GetValue(json),
            parsed.GetValue(noColor)));
        return command;
    }
}
