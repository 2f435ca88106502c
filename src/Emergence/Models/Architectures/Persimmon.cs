using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Query, key and value of a head are neighbours; norms of query and key heads; relu squared; half of a head turns.</summary>
internal static class Persimmon
{
    private static readonly WeightNames s_names = new()
    {
        Prefix = "model.",
        Embedding = "embed_tokens",
        FinalNorm = "final_layernorm",
        Block = "layers.",
        AttentionInputNorm = "input_layernorm",
        InnerInputNorm = "post_attention_layernorm",
        QueryNorm = "self_attn.q_layernorm",
        KeyNorm = "self_attn.k_layernorm",
        QueryKeyValue = ["self_attn.query_key_value"],
        AttentionOutput = "self_attn.dense",
        Inner = ["mlp.dense_h_to_4h"],
        InnerOutput = "mlp.dense_4h_to_h",
    };

    public static Architecture Row { get; } = new("persimmon", Read, """
        {
          "vocab_size": 262144, "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 36, "num_attention_heads": 64, "hidden_act": "relu2",
          "max_position_embeddings": 16384, "layer_norm_eps": 1e-5, "qk_layernorm": true
        }
        """)
    {
        Family = "Persimmon",
        Published = "adept/persimmon-8b-base",
        Peculiar = "joined by head; norms of query and key heads with biases; half of a head turns",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = DimensionKeys.Llama;
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_eps", most: 1));
        var attention = CommonConfig.ReadHeads(config, keys, CommonConfig.ReadWidth(config, keys.Width)) with
        {
            JointOrder = JointOrder.Groups,
            QueryKeyNorm = config.Flag("qk_layernorm", true) ? new(norm) : null,
            QueryKeyValueBias = true,
            OutputBias = true,
        };
        var inner = new InnerPart(CommonConfig.ReadInner(config, keys.Inner), CommonConfig.ReadActivation(config, "hidden_act"),
            Bias: true);
        return CommonConfig.Uniform(config, keys, s_names, norm, attention, inner)
            .Rotated(config, new() { DefaultBase = 25000, DefaultFraction = 0.5 });
    }
}
