using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Gemma with norms on both sides of every half, soft caps, and a window in every other layer.</summary>
internal static class Gemma2
{
    public static Architecture Row { get; } = new("gemma2", Read, WeightNames.Llama with
    {
        AttentionOutputNorm = "post_attention_layernorm",
        InnerInputNorm = "pre_feedforward_layernorm",
        InnerOutputNorm = "post_feedforward_layernorm",
    });

    private static ModelShape Read(ConfigReader config)
    {
        var shape = ReadCommon(config);
        var rotary = RotaryShape.Read(config, shape.HeadSize);
        var window = CommonConfig.ReadWindow(config);
        return shape with { PerLayer = CommonConfig.Windowed(config, shape.Layers, new(rotary), new(rotary, window), layer => layer % 2 == 0) };
    }

    /// <summary>Also of Gemma 3: the scale of attention is a setting of its own, and soft caps may be there.</summary>
    public static ModelShape ReadCommon(ConfigReader config) => Gemma.ReadCommon(config) with
    {
        AttentionScale = 1 / Math.Sqrt(config.Positive("query_pre_attn_scalar", 256)),
        AttentionSoftCap = config.Find("attn_logit_softcapping") == null ? 0 : config.Positive("attn_logit_softcapping"),
        LogitSoftCap = config.Find("final_logit_softcapping") == null ? 0 : config.Positive("final_logit_softcapping"),
    };
}
