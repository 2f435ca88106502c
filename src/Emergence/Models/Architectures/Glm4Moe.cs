using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>DeepSeek's experts on grouped heads, of which a part turns.</summary>
internal static class Glm4Moe
{
    public static Architecture Row { get; } = new("glm4_moe", Read, """
        {
          "vocab_size": 151552, "hidden_size": 4096, "intermediate_size": 10944, "num_hidden_layers": 46, "num_attention_heads": 96, "num_key_value_heads": 8,
          "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "moe_intermediate_size": 1408, "num_experts_per_tok": 8,
          "n_shared_experts": 1, "n_routed_experts": 128, "first_k_dense_replace": 1
        }
        """)
    {
        Family = "GLM 4.5, 4.6",
        Published = "zai-org/GLM-4.5-Air",
        Peculiar = "DeepSeek V3's experts; a part of a head turns; perhaps norms of query and key heads",
    };

    public static Architecture LiteRow { get; } = new("glm4_moe_lite", ReadLite, """
        {
          "vocab_size": 154880, "hidden_size": 2048, "intermediate_size": 10240, "moe_intermediate_size": 1536, "num_hidden_layers": 47,
          "num_attention_heads": 20, "num_key_value_heads": 20, "n_shared_experts": 1, "n_routed_experts": 64, "routed_scaling_factor": 1.8,
          "kv_lora_rank": 512, "q_lora_rank": 768, "qk_rope_head_dim": 64, "v_head_dim": 256, "qk_nope_head_dim": 192, "n_group": 1, "topk_group": 1,
          "num_experts_per_tok": 4, "hidden_act": "silu", "max_position_embeddings": 202752, "rms_norm_eps": 1e-5
        }
        """)
    {
        Family = "GLM 4.7 Flash",
        Published = "zai-org/GLM-4.7-Flash",
        Peculiar = "DeepSeek V3 with dense layers listed one by one",
    };

    /// <summary>"mlp_layer_types", else all but the first layer have experts.</summary>
    private static ModelShape ReadLite(ConfigReader config)
    {
        config.Pass("first_k_dense_replace");
        var shape = DeepSeek.ReadV3(config, _ => true);
        var kinds = RecurrenceConfig.ReadKinds(config, "mlp_layer_types", shape.Layers, "dense", "sparse");
        return shape.WithBlocks((layer, block) => IsDense(layer) ? block with { Experts = null } : block);

        bool IsDense(int layer) => kinds == null ? layer == 0 : kinds[layer] == "dense";
    }

    private static ModelShape Read(ConfigReader config)
    {
        var bias = config.Flag("attention_bias", false);
        var hasNorms = config.Flag("use_qk_norm", false);
        var shape = CommonConfig.Llama(config, rotary: new() { DefaultFraction = 0.5 });
        shape = shape.WithAttention(attention =>
            attention with { QueryKeyValueBias = bias, QueryKeyNorm = hasNorms ? new(shape.Norm) : null });
        var experts = shape.ReadExperts(config, DeepSeek.ReadRouter(config), "n_routed_experts").WithShared(config, "n_shared_experts");
        return shape.WithExperts(experts, ExpertsConfig.AfterDense(config))
            with { PredictionLayers = config.WholeOrNull("num_nextn_predict_layers", 0, 64) ?? 0 };
    }
}
