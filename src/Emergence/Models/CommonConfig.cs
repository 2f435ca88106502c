using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>What the config.json of several architectures have in common. Limits only catch broken files before memory is asked
/// for.</summary>
internal static class CommonConfig
{
    private const int MaximumLayers = 1 << 10;
    private const int MaximumWidth = 1 << 17;
    private const int MaximumInner = 1 << 20;
    private const int MaximumHeads = 1 << 12;
    private const int MaximumVocabulary = 1 << 24;
    private const int MaximumPositions = 1 << 24;

    /// <summary>Epsilon of the norms of narrow rows, which the published programs do not take from the config.</summary>
    private const double LatentEpsilon = 1e-6;

    /// <summary>GPT-2 and its kin: n_embd, n_layer, n_head, n_positions; as many key heads as heads; inner width 4 n_embd.</summary>
    public static ModelShape Gpt(ConfigReader config, WeightNames names, string activationKey, Activation gelu)
    {
        var keys = DimensionKeys.Gpt;
        var width = ReadWidth(config, keys.Width);
        var inner = new InnerPart(config.WholeOrNull(keys.Inner, 1, MaximumInner) ?? 4 * width, ReadActivation(config, activationKey, gelu),
            Bias: true);
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_epsilon", most: 1));
        return Uniform(config, keys, names, norm, ReadHeads(config, keys, width), inner);
    }

    /// <summary>Llama and its kin: grouped key heads, RMS norms, a gated feed-forward part, rotation of all layers alike.</summary>
    public static ModelShape Llama(ConfigReader config, WeightNames? names = null, RotaryConfig? rotary = null, NormShape? norm = null,
        Activation? activation = null)
    {
        var keys = DimensionKeys.Llama;
        var attention = ReadHeads(config, keys, ReadWidth(config, keys.Width), "head_dim", "num_key_value_heads");
        var inner = new InnerPart(ReadInner(config, keys.Inner), activation ?? ReadActivation(config, "hidden_act"), Gated: true);
        norm ??= new(Rms: true, config.Positive("rms_norm_eps", most: 1));
        return Rotated(Uniform(config, keys, names ?? WeightNames.Llama, norm, attention, inner), config, rotary);
    }

    /// <summary>With "attention_bias" at all four projections of attention, and "mlp_bias" inside.</summary>
    public static ModelShape WithBiases(this ModelShape shape, ConfigReader config) =>
        shape.WithAttentionBias(config).WithInnerBias(config.Flag("mlp_bias", false));

    /// <summary>With "attention_bias" at all four projections of attention.</summary>
    public static ModelShape WithAttentionBias(this ModelShape shape, ConfigReader config)
    {
        var bias = config.Flag("attention_bias", false);
        return shape.WithAttention(attention => attention with { QueryKeyValueBias = bias, OutputBias = bias });
    }

    public static ModelShape WithInnerBias(this ModelShape shape, bool bias) =>
        shape.WithInner(inner => inner with { Bias = bias });

    /// <summary>Not gated: down(activation(up x)).</summary>
    public static ModelShape WithoutGate(this ModelShape shape) =>
        shape.WithInner(inner => inner with { Gated = false });

    /// <summary>One rotation for all layers; a scaled one reaches further than the model's positions.</summary>
    public static ModelShape Rotated(this ModelShape shape, ConfigReader config, RotaryConfig? rotary = null)
    {
        var turning = (rotary ?? new()).Read(config, shape.FirstAttention.HeadSize, shape.MaxPositions);
        return shape.WithAttention(attention => attention with { Rotary = turning })
            with { MaxPositions = Reach(shape.MaxPositions, turning) };
    }

    /// <summary>No rotation, whatever is said of one.</summary>
    public static ModelShape WithoutRotation(this ModelShape shape, ConfigReader config)
    {
        foreach (var key in (string[])["rope_theta", "rope_scaling", "rope_parameters"])
            _ = config.Find(key);
        return shape;
    }

    /// <summary>Llama with keys and values by way of a narrow row: sizes of the two parts of a head and of its values, and the
    /// ranks.</summary>
    public static ModelShape Latent(ConfigReader config, WeightNames names, RotaryConfig rotary)
    {
        var keys = DimensionKeys.Llama;
        var (width, heads) = (ReadWidth(config, keys.Width), config.Whole(keys.Heads, 1, MaximumHeads));
        var norm = new NormShape(Rms: true, config.Positive("rms_norm_eps", most: 1));
        var turning = config.Whole("qk_rope_head_dim", 2, MaximumWidth);
        var size = config.Whole("qk_nope_head_dim", 1, MaximumWidth) + turning;
        var valueSize = config.WholeOrNull("v_head_dim", 1, MaximumWidth) ?? width / heads;
        var latent = new LatentShape(config.WholeOrNull("q_lora_rank", 1, MaximumWidth), config.Whole("kv_lora_rank", 1, MaximumWidth),
            turning, norm with { Epsilon = LatentEpsilon });
        var keyHeads = ReadKeyHeads(config, "num_key_value_heads", heads);
        if (keyHeads != heads)
            throw ConfigReader.Error(
                $"num_key_value_heads is {keyHeads}, expected {heads} as num_attention_heads: all heads come out of one narrow row");
        var attention = new AttentionPart
        {
            Heads = heads,
            KeyHeads = heads,
            HeadSize = size,
            ValueSize = valueSize,
            Scale = 1 / Math.Sqrt(size),
            Latent = latent,
        };
        var inner = new InnerPart(ReadInner(config, keys.Inner), ReadActivation(config, "hidden_act"), Gated: true);
        var shape = Uniform(config, keys, names, norm, attention, inner).WithBiases(config);
        var rotation = rotary.Read(config, turning, shape.MaxPositions);
        return shape.WithAttention(part => part with { Rotary = rotation, Scale = part.Scale * (rotation.Scaling?.ScoreFactor ?? 1) })
            with { MaxPositions = Reach(shape.MaxPositions, rotation) };
    }

    public static int Reach(int positions, params RotaryShape[] rotations) =>
        (int)Math.Min(MaximumPositions, rotations.Max(rotary => rotary.Scaling?.Reach(positions) ?? positions));

    /// <summary>Queries, keys and values; the size of a head is width / heads unless a setting says otherwise.</summary>
    public static AttentionPart ReadHeads(ConfigReader config, DimensionKeys keys, int width, string? headKey = null,
        string? keyHeadsKey = null)
    {
        var heads = config.Whole(keys.Heads, 1, MaximumHeads);
        var headSize = headKey == null ? null : config.WholeOrNull(headKey, 1, MaximumWidth);
        if (headSize == null && width % heads != 0)
            throw ConfigReader.Error($"{keys.Width}={width} is not a multiple of {keys.Heads}={heads}");
        var size = headSize ?? width / heads;
        if ((long)size * heads > MaximumWidth)
            throw ConfigReader.Error($"{keys.Heads}={heads} heads of {size} columns are over the limit of {MaximumWidth}");
        return new()
        {
            Heads = heads,
            KeyHeads = keyHeadsKey == null ? heads : ReadKeyHeads(config, keyHeadsKey, heads),
            HeadSize = size,
            ValueSize = size,
            Scale = 1 / Math.Sqrt(size),
        };
    }

    public static int ReadKeyHeads(ConfigReader config, string key, int heads)
    {
        var keyHeads = config.WholeOrNull(key, 1, MaximumHeads) ?? heads;
        return heads % keyHeads == 0 ? keyHeads
            : throw ConfigReader.Error($"num_attention_heads={heads} is not a multiple of {key}={keyHeads}");
    }

    /// <summary>A model whose layers are all alike.</summary>
    public static ModelShape Uniform(ConfigReader config, DimensionKeys keys, WeightNames names, NormShape norm, AttentionPart attention,
        InnerPart inner) => Uniform(config, keys, names, norm, new BlockShape(attention, inner));

    /// <summary>A model whose layers are all alike.</summary>
    /// <param name="config">The config.</param>
    /// <param name="keys">How it spells sizes.</param>
    /// <param name="names">Names of weights.</param>
    /// <param name="norm">Norm of blocks and the end.</param>
    /// <param name="block">Each layer.</param>
    /// <param name="count">How many, if the config does not say it by its key.</param>
    public static ModelShape Uniform(
        ConfigReader config, DimensionKeys keys, WeightNames names, NormShape norm, BlockShape block, int? count = null)
    {
        var layers = count ?? config.Whole(keys.Layers, 1, MaximumLayers);
        return new()
        {
            Keys = keys,
            Names = names,
            Width = ReadWidth(config, keys.Width),
            VocabularySize = config.Whole("vocab_size", 1, MaximumVocabulary),
            MaxPositions = config.WholeOrNull(keys.Positions, 1, MaximumPositions) ?? MaximumPositions,
            Norm = norm,
            Blocks = [.. Enumerable.Repeat(block, layers)],
            Head = config.Flag("tie_word_embeddings", false) ? HeadWeights.Tied : HeadWeights.Own,
        };
    }

    public static int ReadInner(ConfigReader config, string key) => config.Whole(key, 1, MaximumInner);

    public static int ReadWidth(ConfigReader config, string key) => config.Whole(key, 1, MaximumWidth);

    /// <summary>
    /// Layers of which some see only a window: by "layer_types", else as <paramref name="slidesByDefault"/> says; each kind
    /// changed further.
    /// </summary>
    public static ModelShape Windowed(
        this ModelShape shape,
        ConfigReader config,
        int window,
        Func<int, bool> slidesByDefault,
        Func<AttentionPart, AttentionPart>? full = null,
        Func<AttentionPart, AttentionPart>? sliding = null)
    {
        var types = config.Texts("layer_types");
        if (types != null && types.Length != shape.Layers)
            throw ConfigReader.Error($"layer_types has {types.Length} items for {shape.Layers} layers");
        return shape.WithAttention(Change);

        AttentionPart Change(int layer, AttentionPart attention)
        {
            if (!Slides(layer))
                return full?.Invoke(attention) ?? attention;
            var narrow = attention with { Window = window };
            return sliding?.Invoke(narrow) ?? narrow;
        }

        bool Slides(int layer) => types?[layer] switch
        {
            null => slidesByDefault(layer),
            "sliding_attention" => true,
            "full_attention" => false,
            var other =>
                throw ConfigReader.Error($"layer_types[{layer}] is {Printable.Quote(other)}, expected full_attention or sliding_attention"),
        };
    }

    /// <summary>"sliding_window", or 0 if it is null.</summary>
    public static int ReadWindow(ConfigReader config, string key = "sliding_window") => config.WholeOrNull(key, 1, int.MaxValue) ?? 0;

    /// <summary>A cap c of c * tanh(x / c), or 0 if it is null.</summary>
    public static double ReadCap(ConfigReader config, string key) => config.PositiveOrNull(key) ?? 0;

    /// <param name="config">The config.</param>
    /// <param name="key">Names the activation.</param>
    /// <param name="gelu">What plain "gelu" means in this architecture.</param>
    public static Activation ReadActivation(ConfigReader config, string key, Activation gelu = Activation.GeluErf)
    {
        var name = config.Text(key) ?? throw ConfigReader.Error($"{key} is missing: expected the name of an activation");
        return name switch
        {
            "gelu" => gelu,
            "gelu_python" => Activation.GeluErf,
            "gelu_new" or "gelu_pytorch_tanh" or "gelu_python_tanh" or "gelu_fast" or "gelu_accurate" => Activation.GeluTanh,
            "quick_gelu" => Activation.QuickGelu,
            "silu" or "swish" => Activation.Silu,
            "relu" => Activation.Relu,
            "relu2" => Activation.ReluSquared,
            "leaky_relu" => Activation.LeakyRelu,
            "tanh" => Activation.Tanh,
            "sigmoid" => Activation.Sigmoid,
            "linear" => Activation.None,
            _ =>
                throw ConfigReader.Error(
                $"{key} {Printable.Quote(name)} is not supported (gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, silu, relu, relu2, "
                + $"leaky_relu, tanh, sigmoid and linear are)"),
        };
    }
}
