using System.CommandLine;
using Emergence.Capture;
using Emergence.Files;
using Emergence.Measurement.Settings;

namespace Emergence.Cli.Verbs;

/// <summary>The residual stream of given token ids at every boundary, as a safetensors file.</summary>
internal static class CaptureVerb
{
    public static Command Create()
    {
        var model = Flags.Model();
        var ids = new Option<string>("--input-ids")
        {
            Description = "JSON file with a list of lists of token ids",
            HelpName = "FILE.json",
            Required = true,
        };
        var output = new Option<string>(
            "--output", "-o")
            {
                Description = "Holds boundary.0 .. boundary.L, float32 [rows, T, d]; ROW.boundary.l [T, d] where rows differ in length",
                HelpName = "OUT.safetensors",
                Required = true,
            };
        var kind = new Option<string>("--kind")
        {
            Description = "macro: whole sequences; micro: every token alone at position 0",
            HelpName = "macro|micro",
            DefaultValueFactory = _ => "macro",
        }.AcceptOnlyFromAmong("macro", "micro");
        var logits = new Option<bool>("--logits") { Description = "Also write final_norm and logits" };
        var (device, modelFlags) = (new DeviceFlags(), new SettingFlags(SettingTable.OfModel));
        var command = new Command("capture", "Write the residual stream at every boundary to a file") { model, ids, output, kind, logits };
        device.AddTo(command);
        modelFlags.AddTo(command);
        command.SetAction(parsed =>
        {
            var rows = InputIds.Read(parsed.GetRequiredValue(ids));
            OutputPath.RequireFile("-o", parsed.GetRequiredValue(output));
            var folder = ModelFolder.Find(parsed.GetRequiredValue(model));
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            Console.Error.WriteLine($"device {machine.Name}: {machine.Description}");
            var what = parsed.GetValue(kind) == "micro" ? CaptureKind.Micro : CaptureKind.Macro;
            using var loaded = CaptureFile.Load(folder, machine, modelFlags.Read(parsed).ModelOptions, rows, what, parsed.GetValue(logits));
            Console.Error.WriteLine(loaded.Placement);
            foreach (var warning in Warnings.Of(loaded))
                Console.Error.WriteLine($"warning: {warning}");
            CaptureFile.Write(loaded, rows, what, parsed.GetValue(logits), parsed.GetRequiredValue(output),
                cancellation: interruption.Token);
            return (int)ExitCode.Ok;
        });
        return command;
    }
}
