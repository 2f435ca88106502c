using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>GPT-2's mathematics with biases everywhere; the table of positions has two unused rows at its start.</summary>
internal static class Opt
{
    // The epsilon is not a setting: every published checkpoint was trained with this one.
    private const double Epsilon = 1e-5;

    public static Architecture Row { get; } = new("opt", Read, new()
    {
        Prefixes = ["model.decoder.", "decoder.", ""],
        Embedding = "embed_tokens",
        Positions = "embed_positions",
        FinalNorm = "final_layer_norm",
        Block = "layers.",
        AttentionInputNorm = "self_attn_layer_norm",
        InnerInputNorm = "final_layer_norm",
        QueryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        AttentionOutput = "self_attn.out_proj",
        Inner = ["fc1"],
        InnerOutput = "fc2",
    });

    private static ModelShape Read(ConfigReader config)
    {
        var keys = DimensionKeys.Llama with { Inner = "ffn_dim" };
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var shape = CommonConfig.Sizes(config, keys, width, CommonConfig.ReadInner(config, keys.Inner));
        RequireFlag(config, "do_layer_norm_before", true);
        RequireFlag(config, "layer_norm_elementwise_affine", true);
        RequireFlag(config, "_remove_final_layer_norm", false);
        if (config.WholeOrNull("word_embed_proj_dim", 1, int.MaxValue) is { } projected && projected != width)
            throw ConfigReader.Error($"word_embed_proj_dim={projected} is not supported (hidden_size={width} is)");
        var bias = config.Flag("enable_bias", true);
        return shape with
        {
            Norm = new(Rms: false, Epsilon),
            Activation = CommonConfig.ReadActivation(config, "activation_function", "relu", Activation.GeluErf),
            PositionOffset = 2,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            InnerBias = bias,
            TiedHead = config.Flag("tie_word_embeddings", true),
        };
    }

    private static void RequireFlag(ConfigReader config, string key, bool supported)
    {
        if (config.Flag(key, supported) != supported)
            throw ConfigReader.Error(supported ? $"{key}=false is not supported (true is)" : $"{key}=true is not supported (false is)");
    }
}
