using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Mixtral with LayerNorm, biases, and a router that chooses one expert after the other.</summary>
internal static class PhiMoe
{
    public static Architecture Row { get; } = new("phimoe", Read, """
        {
          "vocab_size": 32064, "hidden_size": 4096, "intermediate_size": 6400, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
          "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "num_experts_per_tok": 2, "num_local_experts": 16
        }
        """)
    {
        Family = "Phi 3.5 MoE",
        Published = "microsoft/Phi-3.5-MoE-instruct",
        Peculiar = "two experts, each weighed among those near the largest that is left",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var norm = new NormShape(Rms: false, config.Positive("rms_norm_eps", most: 1));
        var window = CommonConfig.ReadWindow(config);
        var shape = CommonConfig.Llama(config, Mixtral.Names, new() { DefaultBase = 1_000_000, ReadsFactors = true }, norm)
            .WithBiases(config)
            .WithInnerBias(false)
            .WithAttention(attention => attention with { Window = window });
        var router = new RouterShape(
            RouterScores.OneByOne) { Distance = 2 * (float)(config.PositiveOrNull("router_jitter_noise") ?? 0.01) };
        var experts = shape.ReadExperts(config, router, "num_local_experts", width: "intermediate_size");
        if (experts.Chosen != 2)
            throw ConfigReader.Error($"num_experts_per_tok is {experts.Chosen}, expected 2 for phimoe");
        return shape.WithExperts(experts) with { HeadBias = config.Flag("lm_head_bias", false) };
    }
}
