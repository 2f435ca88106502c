using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>OPT's mathematics with a scaled embedding and positions as sines and cosines that are not stored.</summary>
internal static class XGlm
{
    // Not a setting.
    private const double Epsilon = 1e-5;

    private static readonly WeightNames s_names = new()
    {
        Prefix = "model.",
        Embedding = "embed_tokens",
        FinalNorm = "layer_norm",
        Block = "layers.",
        AttentionInputNorm = "self_attn_layer_norm",
        InnerInputNorm = "final_layer_norm",
        QueryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        AttentionOutput = "self_attn.out_proj",
        Inner = ["fc1"],
        InnerOutput = "fc2",
    };

    public static Architecture Row { get; } = new("xglm", Read, """
        {
          "vocab_size": 256008, "max_position_embeddings": 2048, "d_model": 1024, "ffn_dim": 4096, "num_layers": 24, "attention_heads": 16,
          "activation_function": "gelu", "scale_embedding": true, "tie_word_embeddings": true, "pad_token_id": 1
        }
        """)
    {
        Family = "XGLM",
        Published = "facebook/xglm-564M",
        Peculiar = "sines and cosines that are computed, offset by 2; embedding times the root of the width",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = new DimensionKeys(config.Spelled("num_layers", "num_hidden_layers"), config.Spelled("d_model", "hidden_size"),
            config.Spelled("attention_heads", "num_attention_heads"), "ffn_dim", "max_position_embeddings");
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var attention = CommonConfig.ReadHeads(config, keys, width) with { QueryKeyValueBias = true, OutputBias = true };
        var inner = new InnerPart(CommonConfig.ReadInner(config, keys.Inner), CommonConfig.ReadActivation(config, "activation_function"),
            Bias: true);
        return CommonConfig.Uniform(config, keys, s_names, new(Rms: false, Epsilon), attention, inner) with
        {
            EmbeddingScale = config.Flag("scale_embedding", true) ? Math.Sqrt(width) : 1,
            Positions = new(Offset: 2, IsComputed: true, ZeroRow: config.WholeOrNull("pad_token_id", 0, int.MaxValue)),
        };
    }
}
