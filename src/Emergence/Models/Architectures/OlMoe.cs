using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with experts, norms over all query and all key heads, and projections that may be cut off.</summary>
internal static class OlMoe
{
    public static Architecture Row { get; } = new("olmoe", Read, """
        {
          "vocab_size": 50304, "hidden_size": 2048, "intermediate_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 16, "hidden_act": "silu",
          "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "num_experts_per_tok": 8, "num_experts": 64
        }
        """)
    {
        Family = "OLMoE",
        Published = "allenai/OLMoE-1B-7B-0924",
        Peculiar = "experts; one norm over all query heads and one over all key heads; projections may be clipped",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config).WithBiases(config).WithInnerBias(false);
        var clip = config.PositiveOrNull("clip_qkv") ?? 0;
        shape = shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm, NormScope.AllHeads), Clip = clip });
        var router = new RouterShape(RouterScores.Softmax) { Normalises = config.Flag("norm_topk_prob", false) };
        return shape.WithExperts(shape.ReadExperts(config, router, width: "intermediate_size"));
    }
}
