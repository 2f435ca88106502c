using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Qwen 3 with experts in some layers.</summary>
internal static class Qwen3Moe
{
    public static Architecture Row { get; } = new("qwen3_moe", Read, """
        {
          "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 24, "num_attention_heads": 32, "num_key_value_heads": 4,
          "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "moe_intermediate_size": 768, "num_experts_per_tok": 8,
          "num_experts": 128
        }
        """)
    {
        Family = "Qwen 3 MoE",
        Published = "Qwen/Qwen3-30B-A3B",
        Peculiar = "experts, with dense layers among them",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var window = config.Flag("use_sliding_window", false) ? CommonConfig.ReadWindow(config) : 0;
        config.Pass("sliding_window", "max_window_layers");
        var shape = CommonConfig.Llama(config).WithBiases(config).WithInnerBias(false);
        shape = shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm), Window = window });
        var router = new RouterShape(RouterScores.Softmax) { Normalises = config.Flag("norm_topk_prob", false) };
        return shape.WithExperts(shape.ReadExperts(config, router), ExpertsConfig.SparseLayers(config));
    }
}
