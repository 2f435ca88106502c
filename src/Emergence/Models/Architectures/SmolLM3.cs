using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with layers that do not turn.</summary>
internal static class SmolLM3
{
    public static Architecture Row { get; } = new("smollm3", Read, """
        {
          "vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 4,
          "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "no_rope_layer_interval": 4
        }
        """)
    {
        Family = "SmolLM3",
        Published = "HuggingFaceTB/SmolLM3-3B",
        Peculiar = "every fourth layer does not turn",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config, rotary: new() { DefaultBase = 2_000_000 }).WithBiases(config);
        var interval = config.WholeOrNull("no_rope_layer_interval", 1, int.MaxValue) ?? 4;

        // 1 if a layer turns, in spite of the name.
        var turns = config.Flags("no_rope_layers") ?? [.. Enumerable.Range(0, shape.Layers).Select(layer => (layer + 1) % interval != 0)];
        if (turns.Length != shape.Layers)
            throw ConfigReader.Error($"no_rope_layers has {turns.Length} items for {shape.Layers} layers");
        var window = CommonConfig.ReadWindow(config);
        if (!config.Flag("use_sliding_window", false))
            window = 0;
        return shape.Windowed(config, window, layer => window > 0 && !turns[layer])
            .WithAttention((layer, attention) => turns[layer] ? attention : attention with { Rotary = null });
    }
}
