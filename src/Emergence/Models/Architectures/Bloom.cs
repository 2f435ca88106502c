using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Scores are biased by distance instead of positions; a norm follows the embedding; query, key and value of a head are
/// neighbours.</summary>
internal static class Bloom
{
    private static readonly WeightNames s_names = new()
    {
        Prefix = "transformer.",
        Embedding = "word_embeddings",
        EmbeddingNorm = "word_embeddings_layernorm",
        FinalNorm = "ln_f",
        Block = "h.",
        AttentionInputNorm = "input_layernorm",
        InnerInputNorm = "post_attention_layernorm",
        QueryKeyValue = ["self_attention.query_key_value"],
        AttentionOutput = "self_attention.dense",
        Inner = ["mlp.dense_h_to_4h"],
        InnerOutput = "mlp.dense_4h_to_h",
    };

    public static Architecture Row { get; } = new("bloom", Read, """
        { "vocab_size": 250880, "hidden_size": 64, "n_layer": 2, "n_head": 8, "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true }
        """)
    {
        Family = "BLOOM",
        Published = "bigscience/bloom-560m, bigscience/bloomz-7b1",
        Peculiar = "ALiBi; norm after the embedding; query, key and value of a head side by side",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = new DimensionKeys(config.Spelled("n_layer", "num_hidden_layers"), config.Spelled("hidden_size", "n_embed"),
            config.Spelled("n_head", "num_attention_heads"), "n_inner", "max_position_embeddings");
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var attention = CommonConfig.ReadHeads(config, keys, width);
        attention = attention with
        {
            Slopes = new(attention.Heads),
            JointOrder = JointOrder.Groups,
            QueryKeyValueBias = true,
            OutputBias = true,
        };
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_epsilon", most: 1));
        foreach (var without in (string[])["masked_softmax_fusion", "offset_alibi", "skip_bias_add", "skip_bias_add_qkv",
            "bias_dropout_fusion", "n_inner"])
            _ = config.Find(without);
        return CommonConfig.Uniform(config, keys, s_names, norm, attention, new(4 * width, Activation.GeluTanh, Bias: true)) with
        {
            Form = config.Flag("apply_residual_connection_post_layernorm", false) ? BlockForm.SumOfNormed : BlockForm.Sequential,
        };
    }
}
