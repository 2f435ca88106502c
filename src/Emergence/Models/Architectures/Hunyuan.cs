using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with a norm of every query and key head after the rotation.</summary>
internal static class Hunyuan
{
    private static readonly WeightNames s_names = WeightNames.Llama
        with { QueryNorm = "self_attn.query_layernorm", KeyNorm = "self_attn.key_layernorm" };

    public static Architecture Row { get; } = new("hunyuan_v1_dense", Read, """
        {
          "vocab_size": 290943, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-5
        }
        """)
    {
        Family = "Hunyuan dense",
        Published = "tencent/Hunyuan-0.5B-Instruct",
        Peculiar = "norms of query and key heads after the rotation; a base raised by alpha",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config, s_names, new() { ReadsAlpha = true }).WithBiases(config);
        config.Require("use_qk_norm", true);
        config.Require("use_cla", false);
        return shape.WithInnerBias(false)
            .WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm, AfterRotation: true) });
    }
}
