using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>OLMo 2 with windows in three of four layers, whose rotation is never scaled.</summary>
internal static class Olmo3
{
    private const int Pattern = 4;

    public static Architecture Row { get; } = new("olmo3", Read, """
        {
          "vocab_size": 50304, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "sliding_window": 4096
        }
        """)
    {
        Family = "OLMo 3",
        Published = "allenai/Olmo-3-1025-7B",
        Peculiar = "OLMo 2 with windows in three of four layers, where the rotation is not scaled",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = Olmo2.ReadCommon(config);
        var size = shape.FirstAttention.HeadSize;
        var full = new RotaryConfig { Kind = "full_attention" }.Read(config, size, shape.MaxPositions);
        var local = new RotaryConfig { Kind = "sliding_attention", OnlyOwn = true, OwnBase = true }.Read(config, size, shape.MaxPositions);
        return shape.WithAttention(attention => attention with { Rotary = full })
            .Windowed(config, CommonConfig.ReadWindow(config), layer => (layer + 1) % Pattern != 0, sliding: attention =>
                attention with { Rotary = local });
    }
}
