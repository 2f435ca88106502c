using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with biases of query, key and value; late layers may see only a window.</summary>
internal static class Qwen2
{
    public static Architecture Row { get; } = new("qwen2", Read, WeightNames.Llama);

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config);
        return shape with { PerLayer = ReadLayers(config, shape), QueryKeyValueBias = true };
    }

    /// <summary>Also of Qwen3: "sliding_window" counts only where "use_sliding_window" says so, from "max_window_layers" on.</summary>
    public static IReadOnlyList<LayerShape> ReadLayers(ConfigReader config, ModelShape shape)
    {
        var rotary = RotaryShape.Read(config, shape.HeadSize);
        var window = CommonConfig.ReadWindow(config);
        var first = config.WholeOrNull("max_window_layers", 0, int.MaxValue) ?? 28;
        if (!config.Flag("use_sliding_window", false))
            window = 0;
        return CommonConfig.Windowed(config, shape.Layers, new(rotary), new(rotary, window), layer => window > 0 && layer >= first);
    }
}
