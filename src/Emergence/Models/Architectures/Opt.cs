using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>GPT-2's mathematics with biases everywhere; the table of positions has two unused rows at its start.</summary>
internal static class Opt
{
    // The epsilon is not a setting: every published checkpoint was trained with this one.
    private const double Epsilon = 1e-5;

    private static readonly WeightNames s_names = new()
    {
        Prefix = "model.decoder.",
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
    };

    public static Architecture Row { get; } = new("opt", Read, """
        {
          "vocab_size": 50272, "hidden_size": 768, "num_hidden_layers": 12, "ffn_dim": 3072, "num_attention_heads": 12, "max_position_embeddings": 2048,
          "activation_function": "relu", "tie_word_embeddings": true
        }
        """)
    {
        Family = "OPT",
        Published = "facebook/opt-125m",
        Peculiar = "learned positions offset by 2; relu",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = DimensionKeys.Llama with { Inner = "ffn_dim" };
        var width = CommonConfig.ReadWidth(config, keys.Width);
        config.Require("do_layer_norm_before", true);
        config.Require("layer_norm_elementwise_affine", true);
        config.Require("_remove_final_layer_norm", false);
        if (config.WholeOrNull("word_embed_proj_dim", 1, int.MaxValue) is { } projected && projected != width)
            throw ConfigReader.Error($"word_embed_proj_dim={projected} is not supported (hidden_size={width} is)");
        var bias = config.Flag("enable_bias", true);
        var attention = CommonConfig.ReadHeads(config, keys, width) with { QueryKeyValueBias = bias, OutputBias = bias };
        var inner = new InnerPart(CommonConfig.ReadInner(config, keys.Inner), CommonConfig.ReadActivation(config, "activation_function"),
            Bias: bias);
        return CommonConfig.Uniform(config, keys, s_names, new(Rms: false, Epsilon), attention, inner) with { Positions = new(Offset: 2) };
    }
}
