using System.CommandLine;
using Emergence.Capture;
using Emergence.Information.Critics;

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
        var (json, noColor) = (Flags.Json(), Flags.NoColor());

        var command = new Command("measure", "Measure information emergence, cell by cell, into a folder") { model };
        data.AddTo(command);
        device.AddTo(command);
        foreach (var option in new Option[] { boundaries, positions, estimator, preset, seeds, dtype, micro, output, dryRun, selfCheck, json, noColor, ConfigFile.Option() })
            command.Add(option);
        modelFlags.AddTo(command);
        command.SetAction(parsed =>
        {
            var settings = data.Settings(parsed, parsed.GetRequiredValue(model)) with
            {
                Boundaries = parsed.GetValue(boundaries),
                Positions = parsed.GetValue(positions),
                Estimator = parsed.GetRequiredValue(estimator),
                Preset = parsed.GetValue(preset),
                Seeds = parsed.GetValue(seeds),
                SelfCheck = parsed.GetValue(selfCheck),
                DType = parsed.GetRequiredValue(dtype),
                MicroPosition = parsed.GetValue(micro) == "own" ? MicroPosition.Own : MicroPosition.Zero,
                Device = device.Name(parsed),
                DeviceOptions = device.Options(parsed),
                ModelOptions = modelFlags.Options(parsed),
            };
            return (int)(parsed.GetValue(dryRun)
                ? MeasureRun.DryRun(settings, parsed.GetRequiredValue(output), parsed.GetValue(json))
                : MeasureRun.Execute(settings, parsed.GetRequiredValue(output), parsed.GetValue(json), parsed.GetValue(noColor)));
        });
        return command;
    }
}
