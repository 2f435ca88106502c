using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Query, key and value of a head are neighbours in one projection; only a part of a head turns.</summary>
internal static class GptNeoX
{
    public static Architecture Row { get; } = new("gpt_neox", Read, new()
    {
        Prefixes = ["gpt_neox.", ""],
        Embedding = "embed_in",
        FinalNorm = "final_layer_norm",
        Head = "embed_out",
        Block = "layers.",
        AttentionInputNorm = "input_layernorm",
        InnerInputNorm = "post_attention_layernorm",
        QueryKeyValue = ["attention.query_key_value"],
        JoinedByHead = true,
        AttentionOutput = "attention.dense",
        Inner = ["mlp.dense_h_to_4h"],
        InnerOutput = "mlp.dense_4h_to_h",
    });

    private static ModelShape Read(ConfigReader config)
    {
        var keys = DimensionKeys.Llama;
        var shape = CommonConfig.Sizes(config, keys, CommonConfig.ReadWidth(config, keys.Width), CommonConfig.ReadInner(config, keys.Inner));
        var rotary = RotaryShape.Read(config, shape.HeadSize, new("rotary_emb_base", Fraction: "rotary_pct", DefaultFraction: 0.25));
        var attentionBias = config.Flag("attention_bias", true);
        return shape with
        {
            Norm = new(Rms: false, config.Positive("layer_norm_eps", 1e-5, 1)),
            Activation = CommonConfig.ReadActivation(config, "hidden_act", "gelu", Activation.GeluErf),
            Form = config.Flag("use_parallel_residual", true) ? BlockForm.Parallel : BlockForm.Sequential,
            PerLayer = CommonConfig.Same(shape.Layers, new(rotary)),
            QueryKeyValueBias = attentionBias,
            AttentionOutputBias = attentionBias,
            InnerBias = true,
            TiedHead = config.Flag("tie_word_embeddings", false),
        };
    }
}
