using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

internal static class Gpt2
{
    public static WeightNames Names { get; } = new()
    {
        Prefix = "transformer.",
        Embedding = "wte",
        Positions = "wpe",
        FinalNorm = "ln_f",
        Block = "h.",
        AttentionInputNorm = "ln_1",
        InnerInputNorm = "ln_2",
        QueryKeyValue = ["attn.c_attn"],
        AttentionOutput = "attn.c_proj",
        Inner = ["mlp.c_fc"],
        InnerOutput = "mlp.c_proj",
        InputMajor = true,
    };

    public static Architecture Row { get; } = new("gpt2", config => ReadCommon(config, Names), """
        {
          "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
          "tie_word_embeddings": true
        }
        """)
    {
        Family = "GPT-2",
        Published = "openai-community/gpt2, distilbert/distilgpt2",
        Peculiar = "learned positions, LayerNorm, projections stored (in, out)",
    };

    /// <summary>What GPT-2 and the families that keep its mathematics have in common.</summary>
    public static ModelShape ReadCommon(ConfigReader config, WeightNames names)
    {
        var (isScaled, byLayer) = (config.Flag("scale_attn_weights", true), config.Flag("scale_attn_by_inverse_layer_idx", false));
        var shape = CommonConfig.Gpt(config, names, "activation_function", Activation.GeluErf) with { Positions = new() };
        return shape.WithAttention((layer, attention) => attention with
        {
            Scale = (isScaled ? attention.Scale : 1) / (byLayer ? layer + 1 : 1),
            QueryKeyValueBias = true,
            OutputBias = true,
        });
    }
}
