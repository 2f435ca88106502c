using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Attention and the feed-forward part read the same norm, which has no bias; neighbours turn; logits are scaled.</summary>
internal static class Cohere
{
    private static readonly WeightNames s_names = WeightNames.Llama with { InnerInputNorm = null };

    public static Architecture Row { get; } = new("cohere", Read, """
        {
          "vocab_size": 256000, "hidden_size": 8192, "intermediate_size": 22528, "logit_scale": 0.0625, "num_hidden_layers": 40, "num_attention_heads": 64,
          "hidden_act": "silu", "max_position_embeddings": 8192, "layer_norm_eps": 1e-5, "tie_word_embeddings": true
        }
        """)
    {
        Family = "Command R",
        Published = "CohereForAI/c4ai-command-r-v01, CohereForAI/aya-23-8B",
        Peculiar = "parallel halves, LayerNorm without bias, rotation of neighbours, scaled logits, norms of each head in the large ones",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = ReadCommon(config);
        HeadNorm? norm = config.Flag("use_qk_norm", false) ? new(shape.Norm, NormScope.EachHead) : null;
        return shape.WithAttention(attention => attention with { QueryKeyNorm = norm });
    }

    /// <summary>What Cohere and Cohere 2 have in common.</summary>
    public static ModelShape ReadCommon(ConfigReader config)
    {
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_eps", most: 1)) { Bias = false };
        return CommonConfig.Llama(config, s_names, new() { DefaultBase = 500000, Pairs = RotaryPairs.Neighbours }, norm)
            .WithBiases(config) with
        {
            Form = BlockForm.Parallel,
            LogitScale = config.Positive("logit_scale"),
        };
    }
}
