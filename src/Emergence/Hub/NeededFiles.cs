using System.Text.Json;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Hub;

/// <summary>
/// The files of a repository that a measurement reads: config, tokenizer, and the weights in one form. Other forms of the same
/// weights, folders and code stay where they are.
/// </summary>
internal static class NeededFiles
{
    public const string Config = "config.json", Weights = "model.safetensors", Index = "model.safetensors.index.json";
    private const int MostShards = 1_000;

    // Larger files of these kinds would be refused when they are read; they are refused before they are fetched.
    private const long LargestText = 64L << 20, LargestIndex = 100L << 20;

    /// <summary>What lies beside the weights, if it is listed.</summary>
    private static readonly string[] s_small =
    [
        Config, "generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt",
    ];

    private static readonly string[] s_pickles = [".bin", ".pt", ".pth", ".ckpt"];

    /// <summary>The small files, and the weights or their index.</summary>
    public static IReadOnlyList<HubFile> First(string model, IReadOnlyDictionary<string, HubFile> listing)
    {
        if (!listing.ContainsKey(Config))
            throw new EmergenceException($"{model} has no {Config}: not a model this program reads", ExitCode.Usage);
        var weights = listing.ContainsKey(Weights) ? Weights : listing.ContainsKey(Index) ? Index : throw NoWeights(model, listing);
        List<HubFile> files = [.. s_small.Append(weights).Where(listing.ContainsKey).Select(name => listing[name])];
        foreach (var file in files.Where(file => file.Path != Weights && file.Size > (file.Path == Index ? LargestIndex : LargestText)))
            throw new EmergenceException(
                $"{model}: {file.Path} has {file.Size:N0} bytes: expected at most {(file.Path == Index ? LargestIndex : LargestText):N0}");
        return files;
    }

    /// <summary>The shards that an index names.</summary>
    /// <param name="model">For messages.</param>
    /// <param name="indexPath">The index, fetched.</param>
    public static IReadOnlyList<string> Shards(string model, string indexPath)
    {
        using var json = UserFile.ReadJson(indexPath);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var map)
            || map.ValueKind != JsonValueKind.Object)
            throw new EmergenceException($"{model}: {Index}: expected an object with a weight_map, found none");
        var shards = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var member in map.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.String || member.Value.GetString() is not { } shard || !IsShardName(shard))
                throw new EmergenceException(
                    $"{model}: {Index}: expected the plain name of a .safetensors file for {Printable.Quote(member.Name)}, found "
                    + $"{Printable.Escape(member.Value.ToString())}");
            shards.Add(shard);
            if (shards.Count > MostShards)
                throw new EmergenceException($"{model}: {Index}: expected at most {MostShards:N0} shards, found more");
        }

        return [.. shards];
    }

    /// <summary>Whether a snapshot holds config, tokenizer and all weights; files that only some models have are not asked for.</summary>
    public static string? Missing(string model, string snapshot)
    {
        bool Has(string name) => File.Exists(Path.Combine(snapshot, name));
        if (!Has(Config))
            return Config;
        if (!Has("tokenizer.json") && !Has("tokenizer.model") && !(Has("vocab.json") && Has("merges.txt")))
            return "tokenizer.json";
        if (Has(Weights))
            return null;
        return !Has(Index) ? Weights : Shards(model, Path.Combine(snapshot, Index)).FirstOrDefault(shard => !Has(shard));
    }

    private static bool IsShardName(string name) =>
        name.EndsWith(".safetensors", StringComparison.Ordinal) && name.Length <= 255 && name[0] != '.'
            && name.All(c => c is > ' ' and < '\x7f' and not ('/' or '\\' or ':'));

    private static EmergenceException NoWeights(string model, IReadOnlyDictionary<string, HubFile> listing) =>
        listing.Keys.FirstOrDefault(path => s_pickles.Any(ending => path.EndsWith(ending, StringComparison.Ordinal))) is { } pickle
            ? new(
                $"{model} has no {Weights}, only {Printable.Escape(pickle)}, a pickle: refused, it can run code; give a revision or a "
                + $"copy with safetensors", ExitCode.Usage)
            : new($"{model} has neither {Weights} nor {Index}: not a model this program reads", ExitCode.Usage);
}
