using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Cohere with windows: layers with a window turn, those without do not.</summary>
internal static class Cohere2
{
    public static Architecture Row { get; } = new("cohere2", Read, """
        {
          "vocab_size": 256000, "hidden_size": 8192, "intermediate_size": 22528, "logit_scale": 0.0625, "num_hidden_layers": 40, "num_attention_heads": 64,
          "hidden_act": "silu", "max_position_embeddings": 8192, "layer_norm_eps": 1e-5, "tie_word_embeddings": true, "sliding_window": 4096
        }
        """)
    {
        Family = "Command R7B",
        Published = "CohereForAI/c4ai-command-r7b-12-2024",
        Peculiar = "windowed layers turn, full ones do not",
    };

    private static ModelShape Read(ConfigReader config)
    {
        // What the published files say beside: always so.
        foreach (var told in (string[])["layer_switch", "order_of_interleaved_layers", "position_embedding_type", "rotary_pct",
            "use_embedding_sharing", "use_gated_activation", "use_parallel_block", "use_parallel_embedding"])
            _ = config.Find(told);
        var older = config.WholeOrNull("sliding_window_pattern", 1, int.MaxValue);
        var pattern = config.WholeOrNull("_sliding_window_pattern", 1, int.MaxValue) ?? older ?? 4;
        var window = CommonConfig.ReadWindow(config);
        return Cohere.ReadCommon(config).Windowed(
            config,
            window,
            layer => (layer + 1) % pattern != 0,
            full: attention => attention with { Rotary = null },
            sliding: attention => window > 0 ? attention : attention with { Rotary = null });
    }
}
