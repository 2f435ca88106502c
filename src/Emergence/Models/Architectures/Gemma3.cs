using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Gemma 2 with a norm of every query and key head, and five layers with a window and a rotation of their own for each one without.</summary>
internal static class Gemma3
{
    public static Architecture Row { get; } = new("gemma3_text", Read, Gemma2.Row.Names with
    {
        QueryNorm = "self_attn.q_norm",
        KeyNorm = "self_attn.k_norm",
    });

    private static ModelShape Read(ConfigReader config)
    {
        var shape = Gemma2.ReadCommon(config);
        var older = config.WholeOrNull("sliding_window_pattern", 1, int.MaxValue);
        var pattern = config.WholeOrNull("_sliding_window_pattern", 1, int.MaxValue) ?? older ?? 6;
        var full = new LayerShape(RotaryShape.Read(config, shape.HeadSize, new(DefaultBase: 1_000_000), "full_attention"));
        var sliding = new LayerShape(ReadLocalRotary(config, shape.HeadSize), CommonConfig.ReadWindow(config));
        return shape with
        {
            QueryKeyNorm = NormScope.Head,
            PerLayer = CommonConfig.Windowed(config, shape.Layers, full, sliding, layer => (layer + 1) % pattern != 0),
        };
    }

    /// <summary>Older files say "rope_local_base_freq"; "rope_theta" and "rope_scaling" are then those of full attention only.</summary>
    private static RotaryShape ReadLocalRotary(ConfigReader config, int headSize)
    {
        var local = config.Positive("rope_local_base_freq", 10000);
        return config.Find("rope_parameters") == null
            ? new(headSize, local)
            : RotaryShape.Read(config, headSize, new("rope_local_base_freq"), "sliding_attention");
    }
}
