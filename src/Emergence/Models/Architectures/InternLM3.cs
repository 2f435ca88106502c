using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with other names of its biases.</summary>
internal static class InternLM3
{
    public static Architecture Row { get; } = new("internlm3", Read, """
        {
          "vocab_size": 128512, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 32768, "rms_norm_eps": 1e-6
        }
        """)
    {
        Family = "InternLM 3",
        Published = "internlm/internlm3-8b-instruct",
        Peculiar = "Llama with biases of its own names",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var (queryBias, bias) = (config.Flag("qkv_bias", false), config.Flag("bias", false));
        return CommonConfig.Llama(config).WithAttention(attention => attention with { QueryKeyValueBias = queryBias, OutputBias = bias })
            .WithInnerBias(bias);
    }
}
