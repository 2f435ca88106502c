using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Granite with experts that are stored in one tensor.</summary>
internal static class GraniteMoe
{
    /// <summary>Names of the experts, in Granite with recurrent layers too.</summary>
    public static ExpertNames Names { get; } = new("block_sparse_moe.router.layer", "block_sparse_moe.", ["input_linear.weight"],
        "output_linear.weight") { Joint = true };

    private static readonly WeightNames s_names = WeightNames.Llama with { Experts = Names };

    public static Architecture Row { get; } = new("granitemoe", Read, """
        {
          "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "num_local_experts": 8, "num_experts_per_tok": 2
        }
        """)
    {
        Family = "Granite MoE",
        Published = "ibm-granite/granite-3.1-1b-a400m-base",
        Peculiar = "Granite's multipliers; experts weighed by a softmax of the chosen alone",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = Granite.Read(config, s_names);
        return shape.WithExperts(
            shape.ReadExperts(config, new(RouterScores.SoftmaxOfChosen), "num_local_experts", width: "intermediate_size"));
    }
}
