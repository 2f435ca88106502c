using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with experts in every layer.</summary>
internal static class Mixtral
{
    public static WeightNames Names { get; } = WeightNames.Llama with { Experts = ExpertNames.Mixtral };

    public static Architecture Row { get; } = new("mixtral", Read, """
        {
          "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
          "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "num_experts_per_tok": 2, "num_local_experts": 8
        }
        """)
    {
        Family = "Mixtral",
        Published = "mistralai/Mixtral-8x7B-v0.1",
        Peculiar = "experts, whose weights are those of the chosen divided by their sum",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var window = CommonConfig.ReadWindow(config);
        var shape = CommonConfig.Llama(config, Names, new() { DefaultBase = 1_000_000 })
            .WithAttention(attention => attention with { Window = window });
        var router = new RouterShape(RouterScores.Softmax) { Normalises = true };
        return shape.WithExperts(shape.ReadExperts(config, router, "num_local_experts", width: "intermediate_size"));
    }
}
