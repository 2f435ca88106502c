using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Query, key and value of a head are neighbours in one projection; only a part of a head turns.</summary>
internal static class GptNeoX
{
    private static readonly WeightNames s_names = new()
    {
        Prefix = "gpt_neox.",
        Embedding = "embed_in",
        FinalNorm = "final_layer_norm",
        Head = "embed_out",
        Block = "layers.",
        AttentionInputNorm = "input_layernorm",
        InnerInputNorm = "post_attention_layernorm",
        QueryKeyValue = ["attention.query_key_value"],
        AttentionOutput = "attention.dense",
        Inner = ["mlp.dense_h_to_4h"],
        InnerOutput = "mlp.dense_4h_to_h",
    };

    public static Architecture Row { get; } = new("gpt_neox", Read, """
        {
          "vocab_size": 50432, "hidden_size": 6144, "num_hidden_layers": 44, "num_attention_heads": 64, "intermediate_size": 24576, "hidden_act": "gelu",
          "max_position_embeddings": 2048, "layer_norm_eps": 1e-5
        }
        """)
    {
        Family = "GPT-NeoX, Pythia",
        Published = "EleutherAI/pythia-160m",
        Peculiar = "parallel halves with a norm each; query, key and value of a head side by side; a quarter of a head turns",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = DimensionKeys.Llama;
        var attention = CommonConfig.ReadHeads(config, keys, CommonConfig.ReadWidth(config, keys.Width));
        var bias = config.Flag("attention_bias", true);
        attention = attention with { JointOrder = JointOrder.Groups, QueryKeyValueBias = bias, OutputBias = bias };
        var inner = new InnerPart(CommonConfig.ReadInner(config, keys.Inner), CommonConfig.ReadActivation(config, "hidden_act"),
            Bias: true);
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_eps", most: 1));
        return CommonConfig.Uniform(config, keys, s_names, norm, attention, inner)
            .Rotated(config, new() { Base = "rotary_emb_base", Fraction = "rotary_pct", DefaultFraction = 0.25 }) with
        {
            Form = config.Flag("use_parallel_residual", true) ? BlockForm.Parallel : BlockForm.Sequential,
        };
    }
}
