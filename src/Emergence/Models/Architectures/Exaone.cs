using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama under other names.</summary>
internal static class Exaone
{
    private static readonly WeightNames s_names = new()
    {
        Prefix = "transformer.",
        Embedding = "wte",
        FinalNorm = "ln_f",
        Block = "h.",
        AttentionInputNorm = "ln_1",
        InnerInputNorm = "ln_2",
        QueryKeyValue = ["attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj"],
        AttentionOutput = "attn.attention.out_proj",
        Inner = ["mlp.c_fc_0", "mlp.c_fc_1"],
        InnerOutput = "mlp.c_proj",
    };

    public static Architecture Row { get; } = new("exaone", Read, """
        {
          "vocab_size": 102400, "hidden_size": 2048, "num_layers": 32, "num_attention_heads": 32, "activation_function": "silu", "max_position_embeddings": 2048,
          "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true
        }
        """)
    {
        Family = "EXAONE 3",
        Published = "LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct",
        Peculiar = "Llama under other names",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = DimensionKeys.Llama with { Layers = config.Spelled("num_layers", "num_hidden_layers") };
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var attention = CommonConfig.ReadHeads(config, keys, width, "head_dim", "num_key_value_heads");
        var inner = new InnerPart(config.WholeOrNull(keys.Inner, 1, 1 << 20) ?? 4 * width,
            CommonConfig.ReadActivation(config, "activation_function"), Gated: true);
        return CommonConfig.Uniform(config, keys, s_names, new(Rms: true, config.Positive("layer_norm_epsilon", most: 1)), attention, inner)
            .Rotated(config);
    }
}
