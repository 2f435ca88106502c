using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

internal static class Llama
{
    public static Architecture Row { get; } = new("llama", Read, WeightNames.Llama);

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config);
        var attentionBias = config.Flag("attention_bias", false);
        return shape with
        {
            PerLayer = CommonConfig.Same(shape.Layers, new(RotaryShape.Read(config, shape.HeadSize))),
            QueryKeyValueBias = attentionBias,
            AttentionOutputBias = attentionBias,
            InnerBias = config.Flag("mlp_bias", false),
        };
    }
}
