using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with a norm of every query and key head.</summary>
internal static class Qwen3
{
    public static Architecture Row { get; } = new("qwen3", Read, WeightNames.Llama with
    {
        QueryNorm = "self_attn.q_norm",
        KeyNorm = "self_attn.k_norm",
    });

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config);
        var attentionBias = config.Flag("attention_bias", false);
        return shape with
        {
            PerLayer = Qwen2.ReadLayers(config, shape),
            QueryKeyNorm = NormScope.Head,
            QueryKeyValueBias = attentionBias,
            AttentionOutputBias = attentionBias,
        };
    }
}
