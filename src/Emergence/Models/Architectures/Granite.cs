using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with four multipliers.</summary>
internal static class Granite
{
    public static Architecture Row { get; } = new("granite", config => Read(config, WeightNames.Llama), """
        {
          "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-6
        }
        """)
    {
        Family = "Granite",
        Published = "ibm-granite/granite-3.1-2b-base",
        Peculiar = "multipliers of the embedding, of each half, of the scores and of the logits",
    };

    /// <summary>The shape of Granite models, with experts too.</summary>
    public static ModelShape Read(ConfigReader config, WeightNames names)
    {
        var scale = config.Positive("attention_multiplier", 1);
        return CommonConfig.Llama(config, names).WithBiases(config).WithAttention(attention => attention with { Scale = scale }) with
        {
            EmbeddingScale = config.Positive("embedding_multiplier", 1),
            ResidualScale = config.Positive("residual_multiplier", 1),
            LogitScale = 1 / config.Positive("logits_scaling", 1),
        };
    }
}
