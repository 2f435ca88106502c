using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with norms by mean and variance that have no weights; projections may be clipped.</summary>
internal static class Olmo
{
    // Not a setting.
    private const double Epsilon = 1e-5;

    public static Architecture Row { get; } = new("olmo", Read, """
        {
          "vocab_size": 50304, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048
        }
        """)
    {
        Family = "OLMo",
        Published = "allenai/OLMo-1B-hf",
        Peculiar = "LayerNorm without weights; projections may be clipped",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var clip = CommonConfig.ReadCap(config, "clip_qkv");
        var norm = new NormShape(Rms: false, Epsilon) { Weight = false, Bias = false };
        return CommonConfig.Llama(config, norm: norm).WithBiases(config).WithInnerBias(false)
            .WithAttention(attention => attention with { Clip = clip });
    }
}
