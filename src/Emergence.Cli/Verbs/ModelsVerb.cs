using System.CommandLine;
using Emergence.Hub;
using Emergence.Models;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>Models in the Hugging Face cache, and whether they can be measured.</summary>
internal static class ModelsVerb
{
    public static Command Create()
    {
        var prune = new Option<bool>("--prune-partial") { Description = "Delete what unfinished downloads of this program left behind" };
        var format = new FormatFlags();
        var command = new Command("models", "List the models in the Hugging Face cache") { prune };
        format.AddTo(command);
        command.SetAction(parsed =>
        {
            var written = format.Read(parsed);
            var cache = new HubSettings().Cache;
            if (parsed.GetValue(prune))
            {
                var (count, bytes) = PartialBlob.Prune(cache);
                Console.Error.WriteLine($"{count} partial files deleted ({DownloadBar.Size(bytes)})");
            }

            Console.Out.Write(List(cache).ToString(written));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Table List(string cache)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Text("commit"), TableColumn.Number("bytes", 0), TableColumn.Text("family"),
            TableColumn.Integer("boundaries"), TableColumn.Text("measurable"));
        foreach (var name in CachedRepository.Names(cache))
        {
            var repository = new CachedRepository(cache, name);
            foreach (var commit in repository.Commits())
                table.Add([name, commit[..8], (double)repository.Bytes(commit), .. About(name, repository.Snapshot(commit))]);
        }

        return table;
    }

    /// <summary>Family, boundaries, and "yes" or why not.</summary>
    private static TableCell[] About(string name, string snapshot)
    {
        try
        {
            if (NeededFiles.Missing(name, snapshot) is { } missing)
                return [TableCell.Empty, TableCell.Empty, $"no: {missing} is missing"];
            var config = ModelConfig.Read(snapshot, strict: false);
            return [config.ModelType, (long)(config.Layers + 1), "yes"];
        }
        catch (EmergenceException error)
        {
            return [TableCell.Empty, TableCell.Empty, $"no: {error.Message}"];
        }
    }
}
