using System.IO.Enumeration;
using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>A checkpoint whose tensors have been held against the config: everything is there in the right shape, and nothing else that matters.</summary>
internal sealed class WeightFiles
{
    private readonly Checkpoint _checkpoint;
    private readonly ModelOptions _options;
    private readonly string _prefix;
    private readonly Dictionary<string, ExpectedWeight> _expected;

    public WeightFiles(ModelConfig config, Checkpoint checkpoint, ModelOptions options)
    {
        (_checkpoint, _options) = (checkpoint, options);
        var names = config.Architecture.Names;
        _prefix = names.Prefixes.FirstOrDefault(prefix => checkpoint.Tensors.ContainsKey($"{prefix}{names.Embedding}.weight"))
            ?? throw Error($"has no {names.Prefixes[0]}{names.Embedding}.weight, with which a {config.ModelType} model begins; is this the folder of another model?");
        var plan = WeightPlan.Of(config);
        foreach (var weight in plan)
            Check(weight, config.Shape);
        _expected = plan.ToDictionary(StoredName);
        Ignored = SortTheRest(config);
        Bytes = _expected.Keys.Sum(name => checkpoint.Tensors[name].ByteLength);
    }

    /// <summary>Tensors of the checkpoint that are not read, in ordinal order.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <summary>Memory that the weights take.</summary>
    public long Bytes { get; }

    /// <summary>Throws if the weights do not fit into so many bytes.</summary>
    public void RequireMemory(long available, string device)
    {
        if (Bytes > available)
            throw Error($"the weights need {Bytes:N0} bytes, device {device} has {available:N0}: use a smaller model or a device with more memory");
    }

    /// <summary>The weight of that name, in its stored type; a vector as (1, n).</summary>
    public Tensor Load(Device device, string name, bool isHead = false)
    {
        var stored = isHead ? name : _prefix + name;
        var weight = _expected[stored];
        return _checkpoint.Load(device, stored, weight.Rows, weight.Columns, _options.AllowNonFinite);
    }

    private string StoredName(ExpectedWeight weight) => weight.IsHead ? weight.Name : _prefix + weight.Name;

    private void Check(ExpectedWeight weight, ModelShape shape)
    {
        var name = StoredName(weight);
        var layers = $"{shape.Keys.Layers}={shape.Layers}";
        if (!_checkpoint.Tensors.TryGetValue(name, out var entry))
            throw Error($"config.json: {layers}, but the checkpoint has no {name} of [{string.Join(',', weight.Sizes.Select(size => size.Size))}]");
        if (entry.Shape.SequenceEqual(weight.Sizes.Select(size => (long)size.Size)))
        {
            if (StoredType.ForWeights(entry.DType) == null)
                throw Error($"tensor {Printable.Quote(name)}: dtype {entry.DType} not supported for weights (F32, F64, F16, BF16 are)");
            return;
        }

        var wrong = entry.Shape.Length == weight.Sizes.Length
            ? weight.Sizes.Where((size, i) => entry.Shape[i] != size.Size)
            : weight.Sizes;
        throw new EmergenceException($"config.json: {string.Join(" and ", wrong.Select(size => size.Text))} but {name} is {entry.ShapeText}");
    }

    private string[] SortTheRest(ModelConfig config)
    {
        var rest = _checkpoint.Tensors.Values.Where(entry => !_expected.ContainsKey(entry.Name)).OrderBy(entry => entry.Name, StringComparer.Ordinal).ToArray();
        var unknown = rest.Where(entry => !IsLeftOver(entry, config) && !_options.IgnoreWeights.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, entry.Name, ignoreCase: false))).ToArray();
        if (unknown.Length == 0)
            return [.. rest.Select(entry => entry.Name)];
        var others = unknown.Length == 1 ? "" : $" and {unknown.Length - 1} more";
        throw Error($"tensor {Printable.Quote(unknown[0].Name)} {unknown[0].ShapeText}{others} is not part of a {config.ModelType} model with {config.Shape.Keys.Layers}={config.Layers}; --ignore-weights PATTERN leaves such tensors out");
    }

    /// <summary>Masks and tables that older programs stored beside the weights, and a second copy of a tied embedding.</summary>
    private bool IsLeftOver(TensorEntry entry, ModelConfig config)
    {
        var name = entry.Name;
        if (name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal))
            return true;
        if (name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attention.bias", StringComparison.Ordinal))
            return entry.Shape is [1, 1, var rows, var columns] && rows == columns;
        if (name.EndsWith(".attn.masked_bias", StringComparison.Ordinal) || name.EndsWith(".attention.masked_bias", StringComparison.Ordinal))
            return entry.Count == 1;
        var names = config.Architecture.Names;
        if (!config.Shape.TiedHead || name != $"{names.Head}.weight")
            return false;
        return Same(entry, _checkpoint.Tensors[$"{_prefix}{names.Embedding}.weight"])
            ? true
            : throw Error($"{name} differs from the embedding, but config.json says tie_word_embeddings=true");
    }

    private bool Same(TensorEntry a, TensorEntry b)
    {
        if (a.DType != b.DType || !a.Shape.SequenceEqual(b.Shape))
            return false;
        var (left, right) = (new byte[1 << 20], new byte[1 << 20]);
        for (var offset = 0L; offset < a.ByteLength; offset += left.Length)
        {
            var count = (int)Math.Min(left.Length, a.ByteLength - offset);
            _checkpoint.Read(a.Name, offset, left.AsSpan(0, count));
            _checkpoint.Read(b.Name, offset, right.AsSpan(0, count));
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count)))
                return false;
        }

        return true;
    }

    private EmergenceException Error(string message) => new($"{Printable.Escape(_checkpoint.Folder)}: {message}");
}
