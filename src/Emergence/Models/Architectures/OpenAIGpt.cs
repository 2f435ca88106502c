using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>The first GPT: norms follow the sums, there is no final norm, and "gelu" means the tanh form.</summary>
internal static class OpenAIGpt
{
    public static Architecture Row { get; } = new("openai-gpt", Read, Gpt2.Row.Names with
    {
        Embedding = "tokens_embed",
        Positions = "positions_embed",
        FinalNorm = null,
        AttentionInputNorm = null,
        AttentionOutputNorm = "ln_1",
        InnerInputNorm = null,
        InnerOutputNorm = "ln_2",
    });

    private static ModelShape Read(ConfigReader config) => CommonConfig.Gpt(config, "afn", Activation.GeluTanh, tied: true) with
    {
        Form = BlockForm.NormAfterSum,
        PositionOffset = 0,
        QueryKeyValueBias = true,
        AttentionOutputBias = true,
        InnerBias = true,
    };
}
