using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Attention and the feed-forward part read the same norm; biases everywhere; a part of a head turns.</summary>
internal static class Phi
{
    private static readonly WeightNames s_names = new()
    {
        Prefix = "model.",
        Embedding = "embed_tokens",
        FinalNorm = "final_layernorm",
        Block = "layers.",
        AttentionInputNorm = "input_layernorm",
        QueryNorm = "self_attn.q_layernorm",
        KeyNorm = "self_attn.k_layernorm",
        QueryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        AttentionOutput = "self_attn.dense",
        Inner = ["mlp.fc1"],
        InnerOutput = "mlp.fc2",
    };

    public static Architecture Row { get; } = new("phi", Read, """
        {
          "vocab_size": 51200, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24, "num_attention_heads": 32, "hidden_act": "gelu_new",
          "max_position_embeddings": 2048, "layer_norm_eps": 1e-5
        }
        """)
    {
        Family = "Phi 1, 1.5, 2",
        Published = "microsoft/phi-1_5, microsoft/phi-2",
        Peculiar = "parallel halves; a part of a head turns; biases, also of the head",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = DimensionKeys.Llama;
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_eps", most: 1));
        var attention = CommonConfig.ReadHeads(config, keys, CommonConfig.ReadWidth(config, keys.Width),
            "head_dim", "num_key_value_heads") with
        {
            QueryKeyNorm = config.Flag("qk_layernorm", false) ? new(norm) : null,
            QueryKeyValueBias = true,
            OutputBias = true,
        };
        var inner = new InnerPart(CommonConfig.ReadInner(config, keys.Inner), CommonConfig.ReadActivation(config, "hidden_act"),
            Bias: true);
        return CommonConfig.Uniform(config, keys, s_names, norm, attention, inner).Rotated(config, new() { DefaultFraction = 0.5 }) with
        {
            Form = BlockForm.Parallel,
            HeadBias = true,
        };
    }
}
