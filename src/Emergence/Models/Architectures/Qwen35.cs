using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>A gated delta rule in most layers, attention with a gate behind it in every fourth: Qwen 3 Next and 3.5.</summary>
internal static class Qwen35
{
    private const int DefaultInterval = 4;

    private const string Linear = """
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "head_dim": 256, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128,
        "linear_value_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32, "hidden_act": "silu"
        """;

    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        Recurrence = new("linear_attn.") { Input = ["in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a"] },
        Experts = ExpertNames.Mlp with { Shared = "mlp.shared_expert." },
    };

    private static readonly WeightNames s_next = s_names with
    {
        Recurrence = new("linear_attn.") { Input = ["in_proj_qkvz", "in_proj_ba"] },
    };

    public static Architecture Row { get; } = new("qwen3_5_text", config => Read(config, s_names), $$"""
        {
          "vocab_size": 248320, "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 32, "num_attention_heads": 16,
          "num_key_value_heads": 4, {{Linear}}
        }
        """)
    {
        Family = "Qwen 3.5",
        Published = "Qwen/Qwen3.5-9B, Qwen/Qwen3.5-27B",
        Peculiar = "a gated delta rule in three of four layers; attention with a gate behind it, a quarter of a head turns",
    };

    public static Architecture MoeRow { get; } = new("qwen3_5_moe_text", ReadMixture, $$"""
        {
          "vocab_size": 248320, "hidden_size": 2048, "num_hidden_layers": 40, "num_attention_heads": 16, "num_key_value_heads": 2,
          "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512, "num_experts_per_tok": 8, "num_experts": 256,
          "intermediate_size": 5632, {{Linear}}
        }
        """)
    {
        Family = "Qwen 3.5 MoE",
        Published = "Qwen/Qwen3.5-35B-A3B",
        Peculiar = "as Qwen 3.5, with experts beside one that all rows pass",
    };

    public static Architecture NextRow { get; } = new("qwen3_next", ReadNext, $$"""
        {
          "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 48, "num_attention_heads": 16,
          "num_key_value_heads": 2, "decoder_sparse_step": 1, "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512,
          "num_experts_per_tok": 10, "num_experts": 512, "norm_topk_prob": true, {{Linear}}
        }
        """)
    {
        Family = "Qwen 3 Next",
        Published = "Qwen/Qwen3-Next-80B-A3B-Instruct",
        Peculiar = "a gated delta rule in three of four layers, its projections joined by key head; experts beside one that all rows pass",
    };

    private static ModelShape ReadMixture(ConfigReader config)
    {
        var shape = Read(config, s_names);
        return WithExperts(shape, config, normalises: true);
    }

    private static ModelShape ReadNext(ConfigReader config)
    {
        var shape = Read(config, s_next, byKeyHead: true);
        return config.WholeOrNull("num_experts", 0, 1 << 12) is null or 0 ? shape
            : WithExperts(shape, config, config.Flag("norm_topk_prob", true), ExpertsConfig.SparseLayers(config));
    }

    private static ModelShape WithExperts(ModelShape shape, ConfigReader config, bool normalises, Func<int, bool>? has = null)
    {
        var experts = shape.ReadExperts(config, new(RouterScores.Softmax) { Normalises = normalises });
        var shared = config.Whole("shared_expert_intermediate_size", 1, 1 << 20);
        return shape.WithExperts(experts with { SharedWidth = shared, SharedGate = true }, has);
    }

    private static ModelShape Read(ConfigReader config, WeightNames names, bool byKeyHead = false)
    {
        // How states are kept while generating, and layers that only predict further tokens.
        config.Pass("mamba_ssm_dtype", "mtp_num_hidden_layers", "mtp_use_dedicated_embeddings");
        config.Require("attn_output_gate", true);
        var epsilon = config.Positive("rms_norm_eps", most: 1);
        var norm = new NormShape(Rms: true, epsilon) { WeightOffset = 1 };
        var shape = CommonConfig.Llama(config, names, new() { DefaultFraction = 0.25 }, norm).WithAttentionBias(config)
            .WithAttention(attention => attention with { OutputGate = true, QueryKeyNorm = new(norm) });
        var delta = RecurrenceConfig.ReadDelta(config, epsilon) with { ByKeyHead = byKeyHead };
        var kinds = RecurrenceConfig.ReadKinds(config, "layer_types", shape.Layers, "linear_attention", "full_attention");
        var interval = config.WholeOrNull("full_attention_interval", 1, int.MaxValue) ?? DefaultInterval;
        return shape.WithBlocks((layer, block) => IsFull(layer) ? block : block with { Attention = null, Recurrence = delta })
            with { PredictionPrefix = "mtp." };

        bool IsFull(int layer) => kinds == null ? (layer + 1) % interval == 0 : kinds[layer] == "full_attention";
    }
}
