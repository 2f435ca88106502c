using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models.Architectures;

/// <summary>Attention in chunks and layers that do not turn but scale by position; experts that are given their rows weighed.</summary>
internal static class Llama4
{
    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        Inner = ["feed_forward.gate_proj", "feed_forward.up_proj"],
        InnerOutput = "feed_forward.down_proj",
        Experts = new("feed_forward.router", "feed_forward.experts.", ["gate_up_proj"], "down_proj")
        {
            Joint = true,
            InputMajor = true,
            Shared = "feed_forward.shared_expert.",
        },
    };

    public static Architecture Row { get; } = new("llama4_text", Read, """
        {
          "vocab_size": 202048, "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384, "num_hidden_layers": 48,
          "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 131072,
          "rms_norm_eps": 1e-5, "num_experts_per_tok": 1, "num_local_experts": 16, "interleave_moe_layer_step": 1, "use_qk_norm": true,
          "no_rope_layer_interval": 4, "attention_chunk_size": 8192, "attn_temperature_tuning": true, "floor_scale": 8192, "attn_scale": 0.1
        }
        """)
    {
        Family = "Llama 4",
        Published = "meta-llama/Llama-4-Scout-17B-16E",
        Peculiar = "attention in chunks; layers without rotation, whose scores are scaled by position; the sigmoid is on an expert's input",
    };

    private static ModelShape Read(ConfigReader config)
    {
        config.Pass("attn_dropout", "for_llm_compressor", "cache_implementation");
        var shape = CommonConfig.Llama(config, s_names, new() { DefaultBase = 500_000, Pairs = RotaryPairs.Neighbours }).WithBiases(config)
            .WithInnerBias(false);
        var turns = ReadTurns(config, shape.Layers);
        var isChunked = ReadChunked(config, turns);
        var norm = config.Flag("use_qk_norm", true) ? new HeadNorm(shape.Norm with { Weight = false }, AfterRotation: true) : null;
        var chunk = config.WholeOrNull("attention_chunk_size", 1, int.MaxValue);
        var scale = ReadScale(config);
        var dense = config.Whole("intermediate_size_mlp", 1, 1 << 20);
        shape = shape.WithInner(inner => inner with { Width = dense }).WithAttention((layer, attention) => attention with
        {
            Rotary = turns[layer] ? attention.Rotary : null,
            QueryKeyNorm = turns[layer] ? norm : null,
            PositionScale = turns[layer] ? null : scale,
            Chunks = isChunked[layer] && chunk is { } length ? new ChunkShape(attention.Heads, length) : null,
        });

        var experts = shape.ReadExperts(config, new(RouterScores.SigmoidOfChosen), "num_local_experts", width: "intermediate_size");
        var sparse = ReadSparse(config, shape.Layers);
        return shape.WithExperts(experts with { WeighsInput = true, SharedWidth = experts.Width }, sparse.Contains);
    }

    /// <summary>1 if a layer turns, in spite of the name.</summary>
    private static bool[] ReadTurns(ConfigReader config, int layers)
    {
        var interval = config.Whole("no_rope_layer_interval", 1, int.MaxValue);
        var turns = config.Flags("no_rope_layers") is { Length: > 0 } listed ? listed
            : [.. Enumerable.Range(1, layers).Select(layer => layer % interval != 0)];
        return turns.Length == layers ? turns : throw ConfigReader.Error($"no_rope_layers has {turns.Length} items for {layers} layers");
    }

    private static bool[] ReadChunked(ConfigReader config, bool[] turns)
    {
        if (config.Texts("layer_types") is not { } types)
            return turns;
        if (types.Length != turns.Length)
            throw ConfigReader.Error($"layer_types has {types.Length} items for {turns.Length} layers");
        return [.. types.Select((type, layer) => type switch
        {
            "chunked_attention" => true,
            "full_attention" => false,
            _ => throw ConfigReader.Error($"layer_types[{layer}] is {Printable.Quote(type)}, expected full_attention or chunked_attention"),
        })];
    }

    private static PositionScale? ReadScale(ConfigReader config)
    {
        var (weight, floor) = (config.Positive("attn_scale"), config.Positive("floor_scale"));
        return config.Flag("attn_temperature_tuning", true) ? new(weight, floor, Offset: 1) : null;
    }

    private static HashSet<int> ReadSparse(ConfigReader config, int layers)
    {
        var step = config.Whole("interleave_moe_layer_step", 1, int.MaxValue);
        return config.Wholes("moe_layers", 0, layers - 1) is { } listed
            ? [.. listed]
            : [.. Enumerable.Range(0, layers).Where(layer => (layer + 1) % step == 0)];
    }
}
