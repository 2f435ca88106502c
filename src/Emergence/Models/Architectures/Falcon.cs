using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Three forms: one key head and parallel halves; sequential with a bias of the scores by distance; groups of heads with two
/// norms.</summary>
internal static class Falcon
{
    private static readonly WeightNames s_names = new()
    {
        Prefix = "transformer.",
        Embedding = "word_embeddings",
        FinalNorm = "ln_f",
        Block = "h.",
        AttentionInputNorm = "input_layernorm",
        QueryKeyValue = ["self_attention.query_key_value"],
        AttentionOutput = "self_attention.dense",
        Inner = ["mlp.dense_h_to_4h"],
        InnerOutput = "mlp.dense_4h_to_h",
    };

    public static Architecture Row { get; } = new("falcon", Read, """
        {
          "vocab_size": 65024, "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71, "layer_norm_epsilon": 1e-5, "alibi": false,
          "new_decoder_architecture": false, "multi_query": true, "parallel_attn": true, "bias": false, "max_position_embeddings": 2048, "activation": "gelu",
          "tie_word_embeddings": true
        }
        """)
    {
        Family = "Falcon",
        Published = "tiiuae/falcon-7b, tiiuae/falcon-rw-1b, tiiuae/falcon-40b",
        Peculiar = "one key head, or groups of them; one norm or two for parallel halves; ALiBi rounded to bfloat16 in the sequential ones, "
            + "counted twice as transformers' eager attention does",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = new DimensionKeys(config.Spelled("num_hidden_layers", "n_layer"), "hidden_size",
            config.Spelled("num_attention_heads", "n_head"), "ffn_hidden_size", "max_position_embeddings");
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var attention = CommonConfig.ReadHeads(config, keys, width);
        var (isGrouped, isShared) = (config.Flag("new_decoder_architecture", false), config.Flag("multi_query", true));
        var keyHeads = CommonConfig.ReadKeyHeads(config, config.Spelled("num_kv_heads", "n_head_kv"), attention.Heads);
        var bias = config.Flag("bias", false);
        attention = attention with
        {
            KeyHeads = isGrouped ? keyHeads : isShared ? 1 : attention.Heads,
            JointOrder = JointOrder.Groups,
            QueryKeyValueBias = bias,
            OutputBias = bias,
        };
        var inner = new InnerPart(config.WholeOrNull(keys.Inner, 1, 1 << 20) ?? 4 * width,
            CommonConfig.ReadActivation(config, "activation"), Bias: bias);
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_epsilon", most: 1));
        var isParallel = config.Flag("parallel_attn", true);
        var norms = config.WholeOrNull("num_ln_in_parallel_attn", 1, 2) ?? (isGrouped ? 2 : 1);
        var names = (isGrouped, isParallel, norms) switch
        {
            (true, true, 2) => s_names with { AttentionInputNorm = "ln_attn", InnerInputNorm = "ln_mlp" },
            (true, false, _) => throw ConfigReader.Error("parallel_attn=false is not supported with new_decoder_architecture=true"),
            (false, true, 2) => throw ConfigReader.Error("num_ln_in_parallel_attn=2 is not supported without new_decoder_architecture"),
            (_, true, _) => s_names,
            _ => s_names with { InnerInputNorm = "post_attention_layernorm" },
        };
        var shape = CommonConfig.Uniform(config, keys, names, norm, attention, inner)
            with { Form = isParallel ? BlockForm.Parallel : BlockForm.Sequential };
        if (!config.Flag("alibi", false))
            return shape.Rotated(config);

        // The program that the reference values are from adds the bias to the products, scales both, and adds the scaled bias once more.
        return shape.WithAttention(part => part with { Slopes = new(part.Heads, Factor: 2 * part.Scale, RoundsToBFloat16: true) })
            .WithoutRotation(config);
    }
}
