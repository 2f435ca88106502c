using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models.Architectures;

/// <summary>Keys and values by way of a narrow row, experts in groups beside shared ones, dense layers before them.</summary>
internal static class DeepSeek
{
    public static Architecture V2Row { get; } = new("deepseek_v2", ReadV2, """
        {
          "vocab_size": 102400, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
          "v_head_dim": 128, "n_routed_experts": 64, "n_shared_experts": 2, "moe_intermediate_size": 1407, "first_k_dense_replace": 0
        }
        """)
    {
        Family = "DeepSeek V2",
        Published = "deepseek-ai/DeepSeek-V2-Lite",
        Peculiar = "latent keys and values; experts beside shared ones; dense first layers",
    };

    public static Architecture V3Row { get; } = new("deepseek_v3", ReadV3, """
        {
          "vocab_size": 129280, "hidden_size": 7168, "intermediate_size": 18432, "num_hidden_layers": 61, "num_attention_heads": 128,
          "num_key_value_heads": 128, "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "kv_lora_rank": 512, "q_lora_rank": 1536,
          "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": 256, "n_shared_experts": 1,
          "moe_intermediate_size": 2048, "first_k_dense_replace": 3, "n_group": 8, "topk_group": 4, "num_experts_per_tok": 8,
          "routed_scaling_factor": 2.5
        }
        """)
    {
        Family = "DeepSeek V3, R1",
        Published = "deepseek-ai/DeepSeek-V3",
        Peculiar =
            "latent keys and values; groups of experts with a stored correction of the choice; layers for further tokens are passed over",
    };

    /// <summary>Sigmoids with a stored correction for the choice, weights of the chosen divided by their sum and multiplied (also GLM
    /// 4.5).</summary>
    public static RouterShape ReadRouter(ConfigReader config) => new RouterShape(RouterScores.Sigmoid)
    {
        Correction = true,
        Normalises = config.Flag("norm_topk_prob", true),
        Added = 1e-20f,
        Scale = (float)config.Positive("routed_scaling_factor", 1),
    }.WithGroups(config, "n_routed_experts", groupScores: 2);

    private static ModelShape ReadV2(ConfigReader config)
    {
        // Weights are not divided by their sum, whatever norm_topk_prob says: the published program does not read it.
        config.Pass("norm_topk_prob", "moe_layer_freq", "scoring_func");
        var router = new RouterShape(RouterScores.Softmax) { Scale = (float)config.Positive("routed_scaling_factor", 1) };
        var method = config.Text("topk_method") ?? "greedy";
        if (method == "group_limited_greedy")
            router = router.WithGroups(config, "n_routed_experts", groupScores: 1);
        else if (method != "greedy")
            throw ConfigReader.Error($"topk_method {Printable.Quote(method)} is not supported (greedy and group_limited_greedy are)");
        config.Pass("n_group", "topk_group");
        var shape = ReadShape(config, isPaired: true);
        return WithExperts(config, shape.WithAttention(attention => attention with { Scale = 1 / Math.Sqrt(attention.HeadSize) }), router,
            ExpertsConfig.AfterDense(config));
    }

    private static ModelShape ReadV3(ConfigReader config) => ReadV3(config, ExpertsConfig.AfterDense(config));

    /// <summary>With experts in these layers (also of GLM 4.7 Flash).</summary>
    public static ModelShape ReadV3(ConfigReader config, Func<int, bool> has)
    {
        config.Pass("moe_layer_freq", "scoring_func", "topk_method");
        return WithExperts(config, ReadShape(config, config.Flag("rope_interleave", true)), ReadRouter(config), has);
    }

    private static ModelShape ReadShape(ConfigReader config, bool isPaired)
    {
        config.Pass("head_dim", "qk_head_dim");
        return CommonConfig.Latent(config, WeightNames.Llama, new() { Pairs = isPaired ? RotaryPairs.Neighbours : RotaryPairs.Halves });
    }

    private static ModelShape WithExperts(ConfigReader config, ModelShape shape, RouterShape router, Func<int, bool> has)
    {
        var experts = shape.ReadExperts(config, router, "n_routed_experts").WithShared(config, "n_shared_experts");
        return shape.WithExperts(experts, has)
            with { PredictionLayers = config.WholeOrNull("num_nextn_predict_layers", 0, 64) ?? 0 };
    }
}
