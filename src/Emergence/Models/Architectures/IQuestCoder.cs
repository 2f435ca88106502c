using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama that may clip its projections and see only a window in its later layers.</summary>
internal static class IQuestCoder
{
    public static Architecture Row { get; } = new("iquestcoder", Read, """
        {
          "vocab_size": 76800, "hidden_size": 5120, "intermediate_size": 27648, "num_hidden_layers": 80, "num_attention_heads": 40, "num_key_value_heads": 8,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 16384, "rms_norm_eps": 1e-5, "max_window_layers": 0
        }
        """)
    {
        Family = "IQuest-Coder",
        Published = "IQuestLab/IQuest-Coder-V1-40B-Instruct",
        Peculiar = "Llama; projections may be clipped",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var clip = CommonConfig.ReadCap(config, "clip_qkv");
        return Qwen2.WithWindows(CommonConfig.Llama(config, rotary: new() { DefaultBase = 500000 }).WithBiases(config), config)
            .WithAttention(attention => attention with { Clip = clip });
    }
}
