using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Llama whose rotation pairs neighbours.</summary>
internal static class Helium
{
    public static Architecture Row { get; } = new("helium", Read, """
        {
          "vocab_size": 48000, "hidden_size": 2560, "intermediate_size": 7040, "num_hidden_layers": 24, "num_attention_heads": 20, "num_key_value_heads": 20,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-8
        }
        """)
    {
        Family = "Helium",
        Published = "kyutai/helium-1-2b",
        Peculiar = "rotation of neighbours",
    };

    private static ModelShape Read(ConfigReader config) =>
        CommonConfig.Llama(config, rotary: new() { DefaultBase = 100000, Pairs = RotaryPairs.Neighbours }).WithBiases(config)
            .WithAttention(attention => attention with { OutputBias = false });
}
