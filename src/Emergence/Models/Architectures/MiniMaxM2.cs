using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Mixtral's experts chosen by sigmoids, with a norm over all query and one over all key heads, of which a part turns.</summary>
internal static class MiniMaxM2
{
    public static Architecture Row { get; } = new("minimax_m2", Read, """
        {
          "vocab_size": 200064, "hidden_size": 3072, "intermediate_size": 1536, "num_hidden_layers": 62, "num_attention_heads": 48, "num_key_value_heads": 8,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 196608, "rms_norm_eps": 1e-6, "num_experts_per_tok": 8,
          "num_local_experts": 256
        }
        """)
    {
        Family = "MiniMax M2",
        Published = "MiniMaxAI/MiniMax-M2",
        Peculiar = "one norm over all heads; experts chosen by sigmoids with a stored correction",
    };

    private static ModelShape Read(ConfigReader config)
    {
        config.Require("use_qk_norm", true);
        config.Pass("qk_norm_type", "use_mtp", "num_mtp_modules", "mtp_transformer_layers", "attn_type_list", "scoring_func",
            "use_routing_bias", "shared_intermediate_size");
        var fraction = config.WholeOrNull("rotary_dim", 2, 1 << 17) is { } columns ? columns / (double)config.Whole("head_dim", 1, 1 << 17)
            : 1;
        var shape = CommonConfig.Llama(config, Mixtral.Names, new() { DefaultBase = 5_000_000, DefaultFraction = Math.Min(1, fraction) });
        shape = shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm, NormScope.AllHeads) });
        var router = new RouterShape(RouterScores.Sigmoid) { Correction = true, Normalises = true };
        return shape.WithExperts(shape.ReadExperts(config, router, "num_local_experts", width: "intermediate_size"));
    }
}
