using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama whose layers may all see only a window.</summary>
internal static class Mistral
{
    public static Architecture Row { get; } = new("mistral", Read, WeightNames.Llama);

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config);
        var rotary = RotaryShape.Read(config, shape.HeadSize);
        return shape with { PerLayer = CommonConfig.Same(shape.Layers, new(rotary, CommonConfig.ReadWindow(config))) };
    }
}
