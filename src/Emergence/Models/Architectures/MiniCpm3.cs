using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Keys and values by way of a narrow row, and MiniCPM's three multipliers.</summary>
internal static class MiniCpm3
{
    public static Architecture Row { get; } = new("minicpm3", Read, """
        {
          "vocab_size": 73448, "hidden_size": 2560, "intermediate_size": 6400, "num_hidden_layers": 62, "num_attention_heads": 40, "num_key_value_heads": 40,
          "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "tie_word_embeddings": true, "kv_lora_rank": 256, "q_lora_rank": 768,
          "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "scale_emb": 12, "scale_depth": 1.4, "dim_model_base": 256
        }
        """)
    {
        Family = "MiniCPM 3",
        Published = "openbmb/MiniCPM3-4B",
        Peculiar = "latent keys and values; multipliers of the embedding, of each half by depth, of the logits by width",
    };

    private static ModelShape Read(ConfigReader config)
    {
        // The size of a head follows from its two parts; what the file says of it is not read.
        _ = (config.Find("head_dim"), config.Find("qk_head_dim"));
        var shape = CommonConfig.Latent(config, WeightNames.Llama, new());
        return shape with
        {
            EmbeddingScale = config.Positive("scale_emb", 1),
            ResidualScale = config.PositiveOrNull("scale_depth") is { } depth ? depth / Math.Sqrt(shape.Layers) : 1,
            LogitScale = config.PositiveOrNull("dim_model_base") is { } width ? width / shape.Width : 1,
        };
    }
}
