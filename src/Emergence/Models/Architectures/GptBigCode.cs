using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>GPT-2 with one key head for all, in one projection with the queries.</summary>
internal static class GptBigCode
{
    private static readonly WeightNames s_names = Gpt2.Names with { InputMajor = false };

    public static Architecture Row { get; } = new("gpt_bigcode", Read, """
        {
          "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12, "activation_function": "gelu_pytorch_tanh",
          "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true, "multi_query": true
        }
        """)
    {
        Family = "StarCoder",
        Published = "bigcode/starcoderbase-1b, bigcode/gpt_bigcode-santacoder",
        Peculiar = "one key head for all; or query, key and value of a head side by side",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var isShared = config.Flag("multi_query", true);
        _ = config.WholeOrNull("num_key_value_heads", 1, int.MaxValue);
        return Gpt2.ReadCommon(config, s_names).WithAttention(attention => attention with
        {
            KeyHeads = isShared ? 1 : attention.Heads,
            JointOrder = JointOrder.Groups,
        });
    }
}
