namespace Emergence.Models.Architectures;

/// <summary>GLM with norms after each half too.</summary>
internal static class Glm4
{
    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        Inner = ["mlp.gate_up_proj"],
        AttentionOutputNorm = "post_self_attn_layernorm",
        InnerOutputNorm = "post_mlp_layernorm",
    };

    public static Architecture Row { get; } = new("glm4", config => Glm.Read(config, s_names), """
        {
          "vocab_size": 151552, "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 2,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1.5625e-7, "attention_bias": false
        }
        """)
    {
        Family = "GLM-4-0414",
        Published = "zai-org/GLM-4-9B-0414",
        Peculiar = "GLM with norms after each half",
    };
}
