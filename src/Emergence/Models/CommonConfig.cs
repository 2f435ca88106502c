using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>What the config.json of several architectures have in common. Limits only catch broken files before memory is asked for.</summary>
internal static class CommonConfig
{
    private const int MaximumLayers = 1 << 10;
    private const int MaximumWidth = 1 << 17;
    private const int MaximumInner = 1 << 20;
    private const int MaximumHeads = 1 << 12;
    private const int MaximumVocabulary = 1 << 24;
    private const int MaximumPositions = 1 << 24;

    /// <summary>GPT-2 and its kin: n_embd, n_layer, n_head, n_positions; as many key heads as heads; inner width 4 n_embd.</summary>
    public static ModelShape Gpt(ConfigReader config, string activationKey, Activation gelu, bool tied)
    {
        var keys = DimensionKeys.Gpt;
        var width = config.Whole(keys.Width, 1, MaximumWidth);
        var inner = config.WholeOrNull(keys.Inner, 1, MaximumInner) ?? 4 * width;
        return Sizes(config, keys, width, inner) with
        {
            Norm = new(Rms: false, config.Positive("layer_norm_epsilon", 1e-5, 1)),
            Activation = ReadActivation(config, activationKey, "gelu_new", gelu),
            TiedHead = config.Flag("tie_word_embeddings", tied),
        };
    }

    /// <summary>Llama and its kin: grouped key heads, RMS norms, a gated feed-forward part, rotation of all layers alike.</summary>
    public static ModelShape Llama(ConfigReader config, bool tied = false)
    {
        var keys = DimensionKeys.Llama;
        var width = config.Whole(keys.Width, 1, MaximumWidth);
        var shape = Sizes(config, keys, width, config.Whole(keys.Inner, 1, MaximumInner), "head_dim");
        var keyHeads = config.WholeOrNull("num_key_value_heads", 1, MaximumHeads) ?? shape.Heads;
        if (shape.Heads % keyHeads != 0)
            throw ConfigReader.Error($"num_attention_heads={shape.Heads} is not a multiple of num_key_value_heads={keyHeads}");
        return shape with
        {
            KeyHeads = keyHeads,
            Norm = new(Rms: true, config.Positive("rms_norm_eps", 1e-6, 1)),
            Activation = ReadActivation(config, "hidden_act", "silu", Activation.GeluErf),
            Gated = true,
            TiedHead = config.Flag("tie_word_embeddings", tied),
        };
    }

    /// <summary>Sizes; the head size is width / heads unless <paramref name="headKey"/> names a setting that says otherwise.</summary>
    public static ModelShape Sizes(ConfigReader config, DimensionKeys keys, int width, int inner, string? headKey = null)
    {
        var layers = config.Whole(keys.Layers, 1, MaximumLayers);
        var heads = config.Whole(keys.Heads, 1, MaximumHeads);
        var headSize = headKey == null ? null : config.WholeOrNull(headKey, 1, MaximumWidth);
        if (headSize == null && width % heads != 0)
            throw ConfigReader.Error($"{keys.Width}={width} is not a multiple of {keys.Heads}={heads}");
        headSize ??= width / heads;
        if ((long)headSize * heads > MaximumWidth)
            throw ConfigReader.Error($"{keys.Heads}={heads} heads of {headSize} columns are over the limit of {MaximumWidth}");
        return new()
        {
            Keys = keys,
            Layers = layers,
            Width = width,
            InnerWidth = inner,
            Heads = heads,
            KeyHeads = heads,
            HeadSize = headSize.Value,
            VocabularySize = config.Whole("vocab_size", 1, MaximumVocabulary),
            MaxPositions = config.Whole(keys.Positions, 1, MaximumPositions),
            Norm = new(Rms: false, 1e-5),
            Activation = Activation.None,
            AttentionScale = 1 / Math.Sqrt(headSize.Value),
            PerLayer = Same(layers, new(Rotary: null)),
            TiedHead = false,
        };
    }

    public static int ReadInner(ConfigReader config, string key) => config.Whole(key, 1, MaximumInner);

    public static int ReadWidth(ConfigReader config, string key) => config.Whole(key, 1, MaximumWidth);

    /// <summary>The same for all layers.</summary>
    public static IReadOnlyList<LayerShape> Same(int layers, LayerShape shape) => [.. Enumerable.Repeat(shape, layers)];

    /// <summary>Layers of which some see only a window: by "layer_types", else as <paramref name="slidesByDefault"/> says.</summary>
    public static IReadOnlyList<LayerShape> Windowed(
        ConfigReader config, int layers, LayerShape full, LayerShape sliding, Func<int, bool> slidesByDefault)
    {
        var types = config.Texts("layer_types");
        if (types != null && types.Length != layers)
            throw ConfigReader.Error($"layer_types has {types.Length} items for {layers} layers");
        return [.. Enumerable.Range(0, layers).Select(layer => Slides(layer) ? sliding : full)];

        bool Slides(int layer) => types?[layer] switch
        {
            null => slidesByDefault(layer),
            "sliding_attention" => true,
            "full_attention" => false,
            var other => throw ConfigReader.Error($"layer_types[{layer}] is {Printable.Quote(other)}, expected full_attention or sliding_attention"),
        };
    }

    /// <summary>"sliding_window", or 0 where it is absent.</summary>
    public static int ReadWindow(ConfigReader config) => config.WholeOrNull("sliding_window", 1, int.MaxValue) ?? 0;

    /// <param name="config">The config.</param>
    /// <param name="key">Names the activation.</param>
    /// <param name="missing">Its value where it is absent.</param>
    /// <param name="gelu">What plain "gelu" means in this architecture.</param>
    public static Activation ReadActivation(ConfigReader config, string key, string missing, Activation gelu)
    {
        var name = config.Text(key) ?? missing;
        return name switch
        {
            "gelu" => gelu,
            "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
            "silu" or "swish" => Activation.Silu,
            "relu" => Activation.Relu,
            _ => throw ConfigReader.Error($"{key} {Printable.Quote(name)} is not supported (gelu, gelu_new, gelu_pytorch_tanh, silu and relu are)"),
        };
    }
}
