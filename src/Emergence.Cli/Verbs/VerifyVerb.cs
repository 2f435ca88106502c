using System.CommandLine;
using Emergence.Devices.Reference;
using Emergence.Lab.Reports;
using Emergence.Lab.Verification;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>Whether a device computes what the reference computes.</summary>
internal static class VerifyVerb
{
    public static Command Create()
    {
        var device = new DeviceFlags(withType: true);
        var op = new Option<string>("--op") { Description = $"Check only this op: {string.Join(", ", OpChecks.Ops)}", HelpName = "NAME" };
        var small = new Option<bool>("--small") { Description = "Fewer rows, which is faster; the emulator always takes few" };
        var format = Flags.Format();
        var command = new Command(
            "verify", "Check every op of a device against the reference: error, derived bound, verdict; exit code 5 if one is wrong") {
            op, small, format };
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            var written = TableFormats.Parse(parsed.GetRequiredValue(format));
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            var checks = OpChecks.Choose(parsed.GetValue(op), parsed.GetValue(small) || machine.Traits.IsEmulated);
            Console.Error.WriteLine($"device {machine.Name}: {machine.Description} ({machine.Path})");
            using var reference = new ReferenceDevice();
            var results = OpChecks.Run(checks, machine, reference, Console.Error.WriteLine, interruption.Token);
            Console.Out.Write(VerificationReport.Table(results).ToString(written));
            Console.Error.WriteLine($"{results.Count} checks, {results.Count(result => result.Failure != null)} wrong");
            return (int)VerificationReport.ExitCode(results);
        });
        return command;
    }
}
