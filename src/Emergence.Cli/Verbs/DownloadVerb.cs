using System.CommandLine;
using Emergence.Hub;
using Emergence.Messages;

namespace Emergence.Cli.Verbs;

/// <summary>Fetches what a measurement reads of a model from the hub into the shared cache.</summary>
internal static class DownloadVerb
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "org/name[@revision]", HelpName = "ORG/NAME" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print what would be fetched, and fetch nothing" };
        var offline = new Option<bool>("--offline") { Description = "Make no connection, as HF_HUB_OFFLINE=1" };
        var command = new Command("download",
            "Fetch what a measurement reads of a model into the Hugging Face cache, and print its folder") { model, dryRun, offline };
        command.SetAction(parsed =>
        {
            var word = parsed.GetRequiredValue(model);
            var reference = HubReference.TryParse(word)
                ?? throw new EmergenceException($"{Printable.Quote(word)}: expected org/name[@revision]", ExitCode.Usage);
            using var interruption = new Interruption(resumes: true);
            var settings = parsed.GetValue(offline) ? new HubSettings { IsOffline = true } : new HubSettings();
            if (ModelFolder.Fetch(reference, settings, parsed.GetValue(dryRun), interruption.Token) is { } folder)
                Console.Out.WriteLine(folder);
            return (int)ExitCode.Ok;
        });
        return command;
    }
}
