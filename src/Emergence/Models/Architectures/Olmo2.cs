using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama whose norms follow attention and the feed-forward part, with a norm over all queries and one over all keys.</summary>
internal static class Olmo2
{
    public static Architecture Row { get; } = new("olmo2", ReadCommon, """
        {
          "vocab_size": 50304, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-5
        }
        """)
    {
        Family = "OLMo 2",
        Published = "allenai/OLMo-2-0425-1B",
        Peculiar = "norms after each half, over all queries and all keys",
    };

    /// <summary>What OLMo 2 and OLMo 3 have in common.</summary>
    public static ModelShape ReadCommon(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config, WeightNames.NormsAfter).WithBiases(config).WithInnerBias(false);
        return shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm, NormScope.AllHeads) });
    }
}
