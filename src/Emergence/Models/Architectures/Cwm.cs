using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with windows in three of four layers.</summary>
internal static class Cwm
{
    private const int Pattern = 4;

    public static Architecture Row { get; } = new("cwm", Read, """
        {
          "vocab_size": 128256, "hidden_size": 6144, "intermediate_size": 21504, "num_hidden_layers": 64, "num_attention_heads": 48, "num_key_value_heads": 8,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "sliding_window": 8192,
          "rope_parameters": { "rope_type": "llama3", "rope_theta": 1000000.0, "factor": 16.0, "original_max_position_embeddings": 8192, "low_freq_factor": 1.0, "high_freq_factor": 4.0 }
        }
        """)
    {
        Family = "Code World Model",
        Published = "facebook/cwm",
        Peculiar = "Llama with windows in three of four layers",
    };

    private static ModelShape Read(ConfigReader config) =>
        CommonConfig.Llama(config, rotary: new() { DefaultBase = 1_000_000 }).WithInnerBias(config.Flag("mlp_bias", false))
            .Windowed(config, CommonConfig.ReadWindow(config), layer => layer % Pattern != 0);
}
