using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama whose norms follow attention and the feed-forward part, with a norm over all queries and one over all keys.</summary>
internal static class Olmo2
{
    public static Architecture Row { get; } = new("olmo2", Read, WeightNames.Llama with
    {
        AttentionInputNorm = null,
        AttentionOutputNorm = "post_attention_layernorm",
        InnerInputNorm = null,
        InnerOutputNorm = "post_feedforward_layernorm",
        QueryNorm = "self_attn.q_norm",
        KeyNorm = "self_attn.k_norm",
    });

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config);
        var attentionBias = config.Flag("attention_bias", false);
        return shape with
        {
            PerLayer = CommonConfig.Same(shape.Layers, new(RotaryShape.Read(config, shape.HeadSize))),
            QueryKeyNorm = NormScope.AllHeads,
            QueryKeyValueBias = attentionBias,
            AttentionOutputBias = attentionBias,
        };
    }
}
