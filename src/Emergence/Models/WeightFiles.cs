using System.IO.Enumeration;
using Emergence.Checkpoints;
using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>A checkpoint whose tensors have been held against the config: everything is there in the right shape, and nothing else that
/// matters.</summary>
internal sealed class WeightFiles
{
    /// <summary>What may stand before the names of a language model, in any order: wrappers, outer models.</summary>
    private static readonly HashSet<string> Wrappers =
        ["_orig_mod", "backbone", "decoder", "gpt_neox", "language_model", "llm", "model", "module", "text_model", "transformer"];

    /// <summary>Heads of other tasks than the next token.</summary>
    private static readonly string[] OtherHeads = ["classifier", "qa_outputs", "reward_head", "score", "summary", "v_head", "value_head"];

    /// <summary>Scales of a quantised cache of keys and values, which is not used here.</summary>
    private static readonly string[] CacheScales = [".k_scale", ".v_scale", ".q_scale", ".k_proj.output_scale", ".v_proj.output_scale"];

    private readonly Checkpoint _checkpoint;
    private readonly ModelOptions _options;
    private readonly ModelConfig _config;
    private readonly string _prefix;
    private readonly string _headPrefix;
    private readonly (string Name, string Stored) _embedding;
    private readonly Dictionary<string, ExpectedWeight> _expected;
    private readonly Dictionary<string, StoredMatrix> _packed = [];

    public WeightFiles(ModelConfig config, Checkpoint checkpoint, ModelOptions options)
    {
        (_config, _checkpoint, _options) = (config, checkpoint, options);
        var names = config.Shape.Names;
        _embedding = ($"{names.Embedding}.weight", $"{names.Embedding}.weight");
        var prefix = Prefix(_embedding.Name);
        if (prefix == null && names.OlderEmbedding is { } older)
        {
            _embedding.Stored = $"{older}.weight";
            prefix = Prefix(_embedding.Stored);
        }

        _prefix = prefix
            ?? throw Error(
                $"has no {names.Prefix}{names.Embedding}.weight, with which a {config.ModelType} model begins; is this the folder of "
                + $"another model?");
        _headPrefix = HeadPrefixes().FirstOrDefault(prefix => checkpoint.Tensors.ContainsKey($"{prefix}{names.Head}.weight"), "");
        var plan = WeightPlan.Of(config, Has);
        foreach (var weight in plan)
        {
            if (ReadPacked(weight) is { } packed)
                _packed.Add(StoredName(weight), packed);
            else
                Check(weight, config.Shape);
        }

        _expected = plan.ToDictionary(StoredName);
        Ignored = SortTheRest();
        Bytes = _expected.Keys.Except(_packed.Keys).Sum(name => checkpoint.Tensors[name].ByteLength)
            + _packed.Values.Sum(matrix => matrix.Bytes);
        LargestPacked = _packed.Keys.Select(name => _expected[name].Layer!.PartSize).DefaultIfEmpty(0).Max();
        if (LargestPacked > int.MaxValue)
            throw Error($"a packed matrix of {LargestPacked:N0} weights is over the limit of {int.MaxValue:N0}");
    }

    /// <summary>Tensors of the checkpoint that are not read, in ordinal order.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <summary>Memory that the weights take as they are stored.</summary>
    public long Bytes { get; }

    /// <summary>Elements of the largest packed matrix, 0 if all are plain: there is room for it unpacked.</summary>
    public long LargestPacked { get; }

    public bool AllowNonFinite => _options.AllowNonFinite;

    /// <summary>Whether the files have no room in the kernel's cache beside a copy of them in memory.</summary>
    public bool OutgrowCache => _checkpoint.OutgrowsCache;

    /// <summary>Throws if the weights do not fit into so many bytes.</summary>
    public void RequireMemory(long available, string device)
    {
        var needed = Bytes + sizeof(float) * LargestPacked;
        if (needed > available)
            throw Error(
                $"the weights need {needed:N0} bytes, device {device} has {available:N0}: use a smaller model or a device with more "
                + $"memory");
    }

    public bool Has(ExpectedWeight weight) => _checkpoint.Tensors.ContainsKey(StoredName(weight)) || ReadPacked(weight) != null;

    /// <summary>The matrix in its packed form, not yet read; null if it is stored plain.</summary>
    public StoredMatrix? FindPacked(ExpectedWeight weight) => _packed.GetValueOrDefault(StoredName(weight));

    /// <summary>The weight in its stored type; a vector as (1, n), a number as (1, 1).</summary>
    public Tensor Load(Device device, ExpectedWeight weight) =>
        _checkpoint.Load(device, StoredName(weight), weight.Rows, weight.Columns, _options.AllowNonFinite);

    /// <summary>The type in which a plain weight is stored.</summary>
    public DType TypeOf(ExpectedWeight weight) => StoredType.ForWeights(Plain(weight).DType)!.Value;

    /// <summary>What is stored of a weight: one tensor, or the parts of a packed matrix.</summary>
    public IEnumerable<TensorEntry> Entries(ExpectedWeight weight) => FindPacked(weight)?.Entries ?? [Plain(weight)];

    /// <summary>Reads a whole tensor, whose bytes then leave the kernel's cache.</summary>
    public void ReadOnce(TensorEntry entry, HostBuffer memory, long place, CancellationToken cancellation) =>
        _checkpoint.Read(entry, memory, place, _options.AllowNonFinite, once: true, cancellation);

    /// <summary>Reads bytes of rows of a plain matrix, from byte <paramref name="offset"/> of them on.</summary>
    /// <param name="rows">Which.</param>
    /// <param name="offset">First byte of them.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="once">They are not read again soon, and leave the kernel's cache.</param>
    public void Read(ReadRows rows, long offset, Span<byte> destination, bool once = false) =>
        _checkpoint.ReadRows(Plain(rows.Weight), rows.Order, rows.Start, offset, destination, _options.AllowNonFinite, once);

    public string StoredName(ExpectedWeight weight) => weight.IsHead ? _headPrefix + weight.Name
        : _prefix + (weight.Name == _embedding.Name ? _embedding.Stored : weight.Name);

    private TensorEntry Plain(ExpectedWeight weight) => _checkpoint.Tensors[StoredName(weight)];

    /// <summary>Linear layers may be stored packed; embeddings and vectors are plain in every form.</summary>
    private StoredMatrix? ReadPacked(ExpectedWeight weight)
    {
        if (_config.StoredForm is not { } form || weight.Layer is not { } layer)
            return null;
        var name = StoredName(weight);
        var module = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : name;
        return form.Find(new(_checkpoint, module, layer.Outputs, layer.Inputs));
    }

    /// <summary>What stands before the name of the embedding, which only wrappers may; the published one, if there are several.</summary>
    private string? Prefix(string embedding)
    {
        var found = _checkpoint.Tensors.Keys.Where(name => name.EndsWith(embedding, StringComparison.Ordinal))
            .Select(name => name[..^embedding.Length]).Where(AreWrappers).ToArray();
        var published = _config.Shape.Names.Prefix;
        return found.Contains(published) ? published : found.OrderBy(prefix => prefix.Length)
            .ThenBy(prefix => prefix, StringComparer.Ordinal).FirstOrDefault();
    }

    private static bool AreWrappers(string prefix) =>
        prefix.Length == 0 || (prefix[^1] == '.' && prefix[..^1].Split('.').All(Wrappers.Contains));

    /// <summary>The head stands beside the model, within some of the same wrappers or none.</summary>
    private IEnumerable<string> HeadPrefixes()
    {
        var parts = _prefix.Split('.', StringSplitOptions.RemoveEmptyEntries);
        return Enumerable.Range(0, parts.Length + 1).Select(count => string.Concat(parts.Take(count).Select(part => $"{part}.")));
    }

    private void Check(ExpectedWeight weight, ModelShape shape)
    {
        var name = StoredName(weight);
        if (!_checkpoint.Tensors.TryGetValue(name, out var entry))
            throw Error(
                $"config.json: {shape.Keys.Layers}={shape.Layers}, but the checkpoint has no {name} of "
                + $"[{string.Join(',', weight.Sizes.Select(size => size.Size))}]");
        if (weight.Fits(entry.Shape))
        {
            if (StoredType.ForWeights(entry.DType) == null)
                throw Error($"tensor {Printable.Quote(name)}: dtype {entry.DType} not supported for weights (F32, F64, F16, BF16 are)");
            return;
        }

        var wrong = entry.Shape.Length == weight.Sizes.Length
            ? weight.Sizes.Where((size, i) => entry.Shape[i] != size.Size)
            : weight.Sizes;
        var expected = weight.Sizes.Length == 0 ? "a single number is expected" : string.Join(" and ", wrong.Select(size => size.Text));
        throw new EmergenceException($"config.json: {expected} but {name} is {entry.ShapeText}");
    }

    private string[] SortTheRest()
    {
        var known = _expected.Keys.Except(_packed.Keys).Concat(_packed.Values.SelectMany(matrix => matrix.Names)).ToHashSet();
        var rest = _checkpoint.Tensors.Values.Where(entry => !known.Contains(entry.Name))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal).ToArray();
        var unknown = rest.Where(entry => !IsLeftOver(entry) && !_options.IgnoreWeights.Any(pattern =>
            FileSystemName.MatchesSimpleExpression(pattern, entry.Name, ignoreCase: false))).ToArray();
        if (unknown.Length == 0)
            return [.. rest.Select(entry => entry.Name)];
        var others = unknown.Length == 1 ? "" : $" and {unknown.Length - 1} more";
        var adapter = unknown.Any(entry => entry.Name.Contains(".lora_", StringComparison.Ordinal))
            ? "; these are of a LoRA adapter: merge it into the model first" : "";
        throw Error(
            $"tensor {Printable.Quote(unknown[0].Name)} {unknown[0].ShapeText}{others} is not part of a {_config.ModelType} model with "
            + $"{_config.Shape.Keys.Layers}={_config.Layers}{adapter}; --ignore-weights PATTERN leaves such tensors out");
    }

    /// <summary>
    /// Masks and tables that older programs stored beside the weights, towers beside the language model, heads of other
    /// tasks, and a second copy of a tied embedding.
    /// </summary>
    private bool IsLeftOver(TensorEntry entry)
    {
        var name = entry.Name;
        if (name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal))
            return true;
        if (IsOfPredictionLayer(name))
            return true;
        if (_config.StoredForm != null && CacheScales.Any(ending => name.EndsWith(ending, StringComparison.Ordinal)))
            return entry.Count == 1;
        if (name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attention.bias", StringComparison.Ordinal))
            return entry.Shape is [1, 1, var rows, var columns] && rows == columns;
        if (name.EndsWith(".attn.masked_bias", StringComparison.Ordinal)
            || name.EndsWith(".attention.masked_bias", StringComparison.Ordinal))
            return entry.Count == 1;
        if (_config.IsNested && NestedConfigs.IsTower(name))
            return true;
        if (OtherHeads.Any(head => name.StartsWith($"{head}.", StringComparison.Ordinal)))
            return true;
        var names = _config.Shape.Names;
        if (_config.Shape.Head != HeadWeights.Tied || !HeadPrefixes().Any(prefix => name == $"{prefix}{names.Head}.weight"))
            return false;
        return Same(entry, _checkpoint.Tensors[_prefix + _embedding.Stored])
            ? true
            : throw Error($"{name} differs from the embedding, but config.json says tie_word_embeddings=true");
    }

    /// <summary>Layers after the last, which predict further tokens in training.</summary>
    private bool IsOfPredictionLayer(string name)
    {
        var shape = _config.Shape;
        return (shape.PredictionPrefix is { } prefix && name.StartsWith(prefix, StringComparison.Ordinal)) || Enumerable
            .Range(shape.Layers, shape.PredictionLayers)
                .Any(layer => name.StartsWith($"{_prefix}{shape.Names.Block}{layer}.", StringComparison.Ordinal));
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
