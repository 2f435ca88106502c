using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>ERNIE 4.5 with experts from layer to layer.</summary>
internal static class Ernie45Moe
{
    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        Experts = ExpertNames.Mlp with { Correction = "mlp.moe_statics.e_score_correction_bias", CorrectionIsRow = true },
    };

    public static Architecture Row { get; } = new("ernie4_5_moe", Read, """
        {
          "vocab_size": 103424, "hidden_size": 2560, "intermediate_size": 12288, "num_hidden_layers": 28, "num_attention_heads": 20, "num_key_value_heads": 4,
          "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "tie_word_embeddings": true, "moe_intermediate_size": 1536,
          "moe_k": 6, "moe_num_experts": 64, "moe_num_shared_experts": 2, "moe_layer_start_index": 1, "moe_layer_end_index": -1, "moe_layer_interval": 1,
          "moe_norm_min": 1e-12
        }
        """)
    {
        Family = "ERNIE 4.5 MoE",
        Published = "baidu/ERNIE-4.5-21B-A3B-PT",
        Peculiar = "experts from one layer to another, with a stored correction of the choice, beside shared ones",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = Ernie45.Read(config, s_names);
        var router = new RouterShape(RouterScores.Softmax)
        {
            Correction = true,
            Normalises = true,
            Least = (float)config.Positive("moe_norm_min"),
        };
        var experts = shape.ReadExperts(config, router, "moe_num_experts", "moe_k").WithShared(config, "moe_num_shared_experts");
        var (first, last) = (config.Whole("moe_layer_start_index", 0, int.MaxValue), config.Whole("moe_layer_end_index", -1, int.MaxValue));
        var bias = config.Flag("use_bias", false);
        var step = config.Whole("moe_layer_interval", 1, int.MaxValue);
        return shape.WithExperts(
            experts with { OuterBias = bias },
            layer => (layer + 1) % step == 0 && layer >= first && layer <= (last < 0 ? shape.Layers - 1 : last)) with { HeadBias = bias };
    }
}
