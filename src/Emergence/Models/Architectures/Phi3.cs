using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with joint projections; all layers may see only a window, and only a part of a head may turn.</summary>
internal static class Phi3
{
    public static Architecture Row { get; } = new("phi3", Read, WeightNames.Llama with
    {
        QueryKeyValue = ["self_attn.qkv_proj"],
        Inner = ["mlp.gate_up_proj"],
    });

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config);
        var rotary = RotaryShape.Read(config, shape.HeadSize, new(Fraction: "partial_rotary_factor"));
        return shape with { PerLayer = CommonConfig.Same(shape.Layers, new(rotary, CommonConfig.ReadWindow(config))) };
    }
}
