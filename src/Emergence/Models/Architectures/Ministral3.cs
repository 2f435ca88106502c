using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Mistral whose queries are scaled by their position.</summary>
internal static class Ministral3
{
    public static Architecture Row { get; } = new("ministral3", Read, """
        {
          "vocab_size": 131072, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 34, "num_attention_heads": 32, "num_key_value_heads": 8,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 262144, "rms_norm_eps": 1e-5,
          "rope_parameters": {
            "rope_type": "yarn", "rope_theta": 1000000.0, "factor": 16.0, "original_max_position_embeddings": 16384, "beta_fast": 32.0, "beta_slow": 1.0,
            "mscale_all_dim": 1.0, "mscale": 1.0, "llama_4_scaling_beta": 0.1
          }
        }
        """)
    {
        Family = "Ministral 3",
        Published = "mistralai/Ministral-3-3B-Base-2512",
        Peculiar = "YaRN; queries scaled by 1 + beta ln(1 + floor(position / original))",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var window = CommonConfig.ReadWindow(config);
        var rope = config.Part("rope_scaling") ?? config.Part("rope_parameters");
        PositionScale? scale = rope?.PositiveOrNull("llama_4_scaling_beta") is { } beta
            ? new(beta, rope.WholeOrNull("original_max_position_embeddings", 1, int.MaxValue)
                ?? config.Whole("max_position_embeddings", 1, int.MaxValue))
            : null;
        return CommonConfig.Llama(config).WithAttention(attention => attention with { Window = window, PositionScale = scale });
    }
}
