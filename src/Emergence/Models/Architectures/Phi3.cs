using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with joint projections; all layers may see only a window, and only a part of a head may turn.</summary>
internal static class Phi3
{
    private static readonly WeightNames s_names = WeightNames.Llama
        with { QueryKeyValue = ["self_attn.qkv_proj"], Inner = ["mlp.gate_up_proj"] };

    public static Architecture Row { get; } = new("phi3", Read, """
        {
          "vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 4096, "rms_norm_eps": 1e-5
        }
        """)
    {
        Family = "Phi 3, 3.5, 4",
        Published = "microsoft/Phi-3-mini-4k-instruct, microsoft/Phi-3-mini-128k-instruct, microsoft/Phi-4-mini-instruct",
        Peculiar = "joint projections; rotation by one of two lists, by the length of the sequence",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var window = CommonConfig.ReadWindow(config);
        return CommonConfig.Llama(config, s_names, new() { DefaultOriginal = 4096 })
            .WithAttention(attention => attention with { Window = window });
    }
}
