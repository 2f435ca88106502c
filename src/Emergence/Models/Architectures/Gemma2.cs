using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Gemma with norms on both sides of every half, soft caps, and a window in every other layer.</summary>
internal static class Gemma2
{
    private const string Defaults = """
        {
          "vocab_size": 256000, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4,
          "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "tie_word_embeddings": true,
          "query_pre_attn_scalar": 256, "sliding_window": 4096, "final_logit_softcapping": 30.0, "attn_logit_softcapping": 50.0
        }
        """;

    public static Architecture Row { get; } = new("gemma2", config => Read(config, WeightNames.Sandwich), Defaults)
    {
        Family = "Gemma 2",
        Published = "google/gemma-2-2b",
        Peculiar = "norms on both sides of each half, soft caps, windows in every other layer, a scale of attention of its own",
    };

    public static Architecture VaultRow { get; } =
        new("vaultgemma", config => Read(config, WeightNames.Llama with { InnerInputNorm = "pre_feedforward_layernorm" }), Defaults)
    {
        Family = "VaultGemma",
        Published = "google/vaultgemma-1b",
        Peculiar = "Gemma 2 without the norms after each half",
    };

    private static ModelShape Read(ConfigReader config, WeightNames names) =>
        ReadCommon(config, names).Windowed(config, CommonConfig.ReadWindow(config), layer => layer % 2 == 0);

    /// <summary>What Gemma 2 and 3 have in common: the scale of attention is a setting of its own, and soft caps may be there.</summary>
    public static ModelShape ReadCommon(ConfigReader config, WeightNames names)
    {
        var scale = 1 / Math.Sqrt(config.Positive("query_pre_attn_scalar"));
        var cap = CommonConfig.ReadCap(config, "attn_logit_softcapping");
        return Gemma.ReadCommon(config, names).WithAttention(attention => attention with { Scale = scale, SoftCap = cap }) with
        {
            LogitSoftCap = CommonConfig.ReadCap(config, "final_logit_softcapping"),
        };
    }
}
