using System.CommandLine;
using System.Text.Json.Nodes;
using Emergence.Information.Critics;
using Emergence.Measurement.Settings;

namespace Emergence.Cli.Verbs;

/// <summary>A small real model on its own words: everything the program does, within a minute.</summary>
internal static class DemoVerb
{
    private const string Model = "stories260k", Data = "words";
    private const int Shots = 2;

    public static Command Create()
    {
        var output = new Option<string>("--out")
        {
            Description = "Folder of the run",
            HelpName = "RUN",
            DefaultValueFactory = _ => Path.Combine("runs", "demo"),
        };
        var (device, json, noColor) = (new DeviceFlags(), Flags.Json(), Flags.NoColor());
        var command = new Command("demo", "Measure the model that comes with the program on sequences of two words") { output, json,
            noColor };
        device.AddTo(command);
        command.SetAction(parsed => (int)MeasureRun.Execute(
            new MeasurementSettings
            {
                Model = Model,
                Data = Data,
                Shots = Shots,
                Preset = CriticPreset.Canonical.Name,
                Device = device.Name(parsed),
                DeviceOptions = device.Options(parsed),
            },
            parsed.GetRequiredValue(output),
            parsed.GetValue(json),
            parsed.GetValue(noColor),
            replaces: Replaces));
        return command;
    }

    /// <summary>
    /// A demo of another build or device is worth nothing beside this one, and must not keep it from running; any other run
    /// may be somebody's work.
    /// </summary>
    private static bool Replaces(JsonObject manifest)
    {
        var settings = manifest["settings"] as JsonObject;

        // Demos of earlier versions had a preset of their own.
        var isDemo = Is(Model, "model") && Is(Data, "data") && Is($"{Shots}", "shots")
            && settings?["preset"]?.ToString().Split(':')[0] is { } preset
                && (preset == CriticPreset.Demo.Name || preset == CriticPreset.Canonical.Name);
        if (isDemo)
            Console.Error.WriteLine("a demo of another build or device is there: it is replaced");
        return isDemo;

        bool Is(string value, string name) => settings?[name]?.ToString() == value;
    }
}
