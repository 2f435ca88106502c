using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

internal static class Gpt2
{
    public static Architecture Row { get; } = new("gpt2", Read, new()
    {
        Prefixes = ["transformer.", ""],
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
    });

    private static ModelShape Read(ConfigReader config) => CommonConfig.Gpt(config, "activation_function", Activation.GeluErf, tied: true) with
    {
        PositionOffset = 0,
        QueryKeyValueBias = true,
        AttentionOutputBias = true,
        InnerBias = true,
    };
}
