using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Llama with a scaled embedding and norm weights that are differences from 1.</summary>
internal static class Gemma
{
    public static Architecture Row { get; } = new("gemma", Read, """
        {
          "vocab_size": 256000, "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 16,
          "head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "tie_word_embeddings": true
        }
        """)
    {
        Family = "Gemma",
        Published = "google/gemma-2b",
        Peculiar = "scaled embedding; norm weights are differences from 1; gelu means its tanh form",
    };

    private static ModelShape Read(ConfigReader config) => ReadCommon(config);

    /// <summary>
    /// What all generations share. "hidden_activation" wins over the older "hidden_act"; whichever of them says "gelu"
    /// means the tanh form, which the models were trained with.
    /// </summary>
    public static ModelShape ReadCommon(ConfigReader config, WeightNames? names = null)
    {
        var bias = config.Flag("attention_bias", false);
        var key = config.Text("hidden_activation") == null ? "hidden_act" : "hidden_activation";
        var norm = new NormShape(Rms: true, config.Positive("rms_norm_eps", most: 1)) { WeightOffset = 1 };
        _ = config.Find("hidden_act");
        var shape = CommonConfig.Llama(config, names, norm: norm,
            activation: CommonConfig.ReadActivation(config, key, Activation.GeluTanh));
        return shape.WithAttention(attention => attention with { QueryKeyValueBias = bias, OutputBias = bias })
            with { EmbeddingScale = Math.Sqrt(shape.Width) };
    }
}
