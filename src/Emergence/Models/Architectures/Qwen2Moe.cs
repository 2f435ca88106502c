using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Qwen 2 with experts and one more that all rows pass, let through by a gate of its own.</summary>
internal static class Qwen2Moe
{
    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        Experts = ExpertNames.Mlp with { Shared = "mlp.shared_expert.", SharedGate = "mlp.shared_expert_gate" },
    };

    public static Architecture Row { get; } = new("qwen2_moe", Read, """
        {
          "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 24, "num_attention_heads": 16, "num_key_value_heads": 16,
          "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "max_window_layers": 28, "moe_intermediate_size": 1408,
          "shared_expert_intermediate_size": 5632, "num_experts_per_tok": 4, "num_experts": 60
        }
        """)
    {
        Family = "Qwen 1.5 and 2 MoE",
        Published = "Qwen/Qwen1.5-MoE-A2.7B, Qwen/Qwen2-57B-A14B",
        Peculiar = "experts beside one that all rows pass, with a gate of its own",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var bias = config.Flag("qkv_bias", true);
        var shape = Qwen2.WithWindows(CommonConfig.Llama(config, s_names), config)
            .WithAttention(attention => attention with { QueryKeyValueBias = bias });
        var router = new RouterShape(RouterScores.Softmax) { Normalises = config.Flag("norm_topk_prob", false) };
        var shared = config.Whole("shared_expert_intermediate_size", 1, 1 << 20);
        return shape.WithExperts(shape.ReadExperts(config, router) with { SharedWidth = shared, SharedGate = true },
            ExpertsConfig.SparseLayers(config));
    }
}
