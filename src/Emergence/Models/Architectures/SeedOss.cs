using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with biases of query, key and value by default, and a switch of its own for the one of the output.</summary>
internal static class SeedOss
{
    public static Architecture Row { get; } = new("seed_oss", Read, """
        {
          "vocab_size": 155136, "hidden_size": 4096, "intermediate_size": 27648, "num_hidden_layers": 64, "num_attention_heads": 80, "num_key_value_heads": 8,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 524288, "rms_norm_eps": 1e-6, "attention_bias": true
        }
        """)
    {
        Family = "Seed-OSS",
        Published = "ByteDance-Seed/Seed-OSS-36B-Base",
        Peculiar = "biases of query, key and value; one of the output on request",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var output = config.Flag("attention_out_bias", false);
        _ = config.Find("residual_dropout");
        return CommonConfig.Llama(config).WithBiases(config).WithAttention(attention => attention with { OutputBias = output });
    }
}
