using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Grouped heads with sinks, windows in every other layer, clamped experts whose gate and up take turns.</summary>
internal static class GptOss
{
    /// <summary>The factor inside the sigmoid of an expert's gate.</summary>
    private const double Alpha = 1.702;

    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        Experts = new("mlp.router", "mlp.experts.", ["gate_up_proj"], "down_proj") { Joint = true, InputMajor = true },
    };

    public static Architecture Row { get; } = new("gpt_oss", Read, """
        {
          "vocab_size": 201088, "hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 36, "num_attention_heads": 64, "num_key_value_heads": 8,
          "head_dim": 64, "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "num_local_experts": 128,
          "num_experts_per_tok": 4, "sliding_window": 128, "attention_bias": true, "swiglu_limit": 7.0
        }
        """)
    {
        Family = "gpt-oss",
        Published = "openai/gpt-oss-20b",
        Peculiar = "sinks of attention; experts (in, out) with gate and up by turns, cut off; MXFP4",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config, s_names, new() { DefaultBase = 150_000 }).WithBiases(config).WithInnerBias(false);
        shape = shape.WithAttention(attention => attention with { HasSinks = true })
            .Windowed(config, CommonConfig.ReadWindow(config), layer => layer % 2 == 0);
        if (config.PositiveOrNull("swiglu_alpha") is { } alpha && Math.Abs(alpha - Alpha) > 1e-9)
            throw ConfigReader.Error($"swiglu_alpha is {alpha}, expected {Alpha}");
        config.Pass("initial_context_length", "experts_per_token");
        var experts = shape.ReadExperts(config, new(RouterScores.SoftmaxOfChosen), "num_local_experts", width: "intermediate_size");
        return shape.WithExperts(experts with
        {
            Activation = Activation.QuickGelu,
            Clamp = config.Positive("swiglu_limit"),
            Bias = true,
            RouterBias = true,
            Interleaved = true,
        });
    }
}
