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
            TableColumn.Integer("boundaries"), TableColumn.Text("measurable"), TableColumn.Number("resident_bytes", 0),
            TableColumn.Number("streamed_bytes", 0));
        foreach (var name in CachedRepository.Names(cache))
        {
            var repository = new CachedRepository(cache, name);
            foreach (var commit in repository.Commits())
                table.Add([name, commit[..8], (double)repository.Bytes(commit), .. About(name, repository.Snapshot(commit))]);
        }

        return table;
    }

    /// <summary>Family, boundaries, "yes" or why not, and what its weights take of memory: all, or one block and the next.</summary>
    private static TableCell[] About(string name, string snapshot)
    {
        try
        {
            if (NeededFiles.Missing(name, snapshot) is { } missing)
                return No($"{missing} is missing");
            var config = ModelConfig.Read(snapshot, strict: false);
            var sizes = WeightSizes.Of(config);
            return [config.ModelType, (long)(config.Layers + 1), "yes", (double)sizes.Resident,
                (double)sizes.Streamed(blocks: 2, new())];
        }
        catch (EmergenceException error)
        {
            return No(error.Message);
        }

        static TableCell[] No(string why) =>
            [TableCell.Empty, TableCell.Empty, $"no: {why}", TableCell.Empty, TableCell.Empty];
    }
}
