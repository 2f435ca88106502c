using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>The first GPT: norms follow the sums, there is no final norm, and "gelu" means the tanh form.</summary>
internal static class OpenAIGpt
{
    private static readonly WeightNames s_names = Gpt2.Names with
    {
        Embedding = "tokens_embed",
        Positions = "positions_embed",
        FinalNorm = null,
        AttentionInputNorm = null,
        AttentionOutputNorm = "ln_1",
        InnerInputNorm = null,
        InnerOutputNorm = "ln_2",
    };

    public static Architecture Row { get; } = new("openai-gpt", Read, """
        {
          "vocab_size": 40478, "n_positions": 512, "n_embd": 768, "n_layer": 12, "n_head": 12, "afn": "gelu", "layer_norm_epsilon": 1e-5,
          "tie_word_embeddings": true
        }
        """)
    {
        Family = "GPT",
        Published = "openai-community/openai-gpt",
        Peculiar = "norms after the sums, none at the end; gelu means its tanh form",
    };

    private static ModelShape Read(ConfigReader config) =>
        CommonConfig.Gpt(config, s_names, "afn", Activation.GeluTanh)
            .WithAttention(attention => attention with { QueryKeyValueBias = true, OutputBias = true }) with
        {
            Form = BlockForm.NormAfterSum,
            Positions = new(),
        };
}
