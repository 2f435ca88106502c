using System.Globalization;
using System.Text.Json;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Checkpoints;

/// <summary>model.safetensors.index.json: which shard holds which tensor.</summary>
internal sealed class CheckpointIndex
{
    private const int MaximumShards = 1000;
    private const int MaximumTensors = 1_000_000;
    private const long MaximumBytes = 1 << 28;

    private readonly Dictionary<string, string> _shardOf = [];
    private readonly SortedSet<string> _shards = new(StringComparer.Ordinal);

    private CheckpointIndex()
    {
    }

    /// <summary>Tensor name to the file name of its shard.</summary>
    public IReadOnlyDictionary<string, string> ShardOf => _shardOf;

    /// <summary>File names in ordinal order.</summary>
    public IReadOnlyCollection<string> Shards => _shards;

    /// <summary>What the index says all tensors take together, as written; null if it does not say.</summary>
    public string? TotalSize { get; private set; }

    public static CheckpointIndex Read(CheckpointFile file)
    {
        if (file.Length > MaximumBytes)
            throw file.Error($"is {file.Length} bytes, over the limit of {MaximumBytes} for an index");
        var index = new CheckpointIndex();
        var tokens = new JsonTokens(file, "index", 0, file.Length);
        tokens.Read();
        if (tokens.Type != JsonTokenType.StartObject)
            throw tokens.Error("index must be an object");
        var seen = new HashSet<string>();
        while (tokens.Read() && tokens.Type == JsonTokenType.PropertyName)
        {
            var key = tokens.Text("index field");
            if (!seen.Add(key))
                throw file.Error($"duplicate field {Printable.Quote(key)}");
            tokens.Read();
            if (key == "weight_map")
                index.ReadWeightMap(file, ref tokens);
            else if (key == "metadata" && tokens.Type == JsonTokenType.StartObject)
                index.ReadMetadata(ref tokens);
            else
                tokens.Skip();
        }

        tokens.Read();
        return index._shards.Count > 0 ? index : throw file.Error("index has no weight_map, or an empty one");
    }

    private void ReadMetadata(ref JsonTokens tokens)
    {
        while (tokens.Read() && tokens.Type == JsonTokenType.PropertyName)
        {
            var isTotal = tokens.Text("metadata name") == "total_size";
            tokens.Read();
            if (isTotal)
                TotalSize = tokens.TryWhole(long.MaxValue / 16, out var total)
                    ? total.ToString(CultureInfo.InvariantCulture)
                    : "not a whole number";
            tokens.Skip();
        }
    }

    private void ReadWeightMap(CheckpointFile file, ref JsonTokens tokens)
    {
        if (tokens.Type != JsonTokenType.StartObject)
            throw tokens.Error("weight_map must be an object");
        while (tokens.Read() && tokens.Type == JsonTokenType.PropertyName)
        {
            var name = tokens.Text("tensor name");
            tokens.Read();
            if (tokens.Type != JsonTokenType.String)
                throw tokens.Error($"the shard of {Printable.Quote(name)} must be a string");
            var shard = tokens.Text("shard name");
            if (!IsPlainFileName(shard))
                throw tokens.Error("shard name must be a plain file name");
            if (_shards.Add(shard) && _shards.Count > MaximumShards)
                throw file.Error($"over {MaximumShards} shards");
            if (_shardOf.Count == MaximumTensors)
                throw file.Error("over 1,000,000 tensors");
            if (!_shardOf.TryAdd(name, _shards.TryGetValue(shard, out var shared) ? shared : shard))
                throw file.Error($"duplicate tensor name {Printable.Quote(name)}");
        }
    }

    /// <summary>Joined to the folder, the name must stay inside it on every system.</summary>
    private static bool IsPlainFileName(string name) =>
        name.Length is > 0 and <= 255 && name is not ("." or "..") && !name.AsSpan().ContainsAny("/\\:") && !name.Any(char.IsControl);
}
