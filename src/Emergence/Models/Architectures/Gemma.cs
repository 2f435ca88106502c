using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Llama with a scaled embedding and norm weights that are differences from 1.</summary>
internal static class Gemma
{
    public static Architecture Row { get; } = new("gemma", Read, WeightNames.Llama);

    private static ModelShape Read(ConfigReader config)
    {
        var shape = ReadCommon(config);
        return shape with { PerLayer = CommonConfig.Same(shape.Layers, new(RotaryShape.Read(config, shape.HeadSize))) };
    }

    /// <summary>
    /// What all generations share. "hidden_activation" wins over the older "hidden_act"; whichever of them says "gelu"
    /// means the tanh form, which the models were trained with.
    /// </summary>
    public static ModelShape ReadCommon(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config, tied: true);
        var attentionBias = config.Flag("attention_bias", false);
        var key = config.Text("hidden_activation") == null ? "hidden_act" : "hidden_activation";
        return shape with
        {
            Norm = shape.Norm with { WeightOffset = 1 },
            Activation = CommonConfig.ReadActivation(config, key, "gelu_pytorch_tanh", Activation.GeluTanh),
            EmbeddingScale = Math.Sqrt(shape.Width),
            QueryKeyValueBias = attentionBias,
            AttentionOutputBias = attentionBias,
        };
    }
}
