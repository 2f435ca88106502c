using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Llama whose rotation pairs neighbours.</summary>
internal static class Ernie45
{
    public static Architecture Row { get; } = new("ernie4_5", config => Read(config, WeightNames.Llama), """
        {
          "vocab_size": 103424, "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 18, "num_attention_heads": 16, "num_key_value_heads": 2,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "tie_word_embeddings": true
        }
        """)
    {
        Family = "ERNIE 4.5",
        Published = "baidu/ERNIE-4.5-0.3B-PT",
        Peculiar = "rotation of neighbours",
    };

    /// <summary>The shape of ERNIE models, with experts too.</summary>
    public static ModelShape Read(ConfigReader config, WeightNames names)
    {
        var bias = config.Flag("use_bias", false);
        return CommonConfig.Llama(config, names, rotary: new() { DefaultBase = 500000, Pairs = RotaryPairs.Neighbours })
            .WithAttention(attention => attention with { QueryKeyValueBias = bias, OutputBias = bias }).WithInnerBias(bias);
    }
}
