using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Llama that turns half of every head, neighbours together, with gate and up in one projection.</summary>
internal static class Glm
{
    private static readonly WeightNames s_names = WeightNames.Llama with { Inner = ["mlp.gate_up_proj"] };

    public static Architecture Row { get; } = new("glm", config => Read(config, s_names), """
        {
          "vocab_size": 151552, "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 2,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1.5625e-7, "attention_bias": true
        }
        """)
    {
        Family = "GLM-4 9B",
        Published = "zai-org/glm-4-9b-chat-hf",
        Peculiar = "half of a head turns, neighbours together; gate and up joined",
    };

    /// <summary>The shape of GLM, and of GLM 4 with names for further norms.</summary>
    public static ModelShape Read(ConfigReader config, WeightNames names)
    {
        var bias = config.Flag("attention_bias", false);
        return CommonConfig.Llama(config, names, new() { DefaultFraction = 0.5, Pairs = RotaryPairs.Neighbours })
            .WithAttention(attention => attention with { QueryKeyValueBias = bias });
    }
}
