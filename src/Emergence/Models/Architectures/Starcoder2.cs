using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Grouped key heads with norms by mean and variance, biases and no gate.</summary>
internal static class Starcoder2
{
    private static readonly WeightNames s_names = WeightNames.Llama with { Inner = ["mlp.c_fc"], InnerOutput = "mlp.c_proj" };

    public static Architecture Row { get; } = new("starcoder2", Read, """
        {
          "vocab_size": 49152, "hidden_size": 3072, "intermediate_size": 12288, "num_hidden_layers": 30, "num_attention_heads": 24, "num_key_value_heads": 2,
          "hidden_act": "gelu_pytorch_tanh", "max_position_embeddings": 4096, "norm_epsilon": 1e-5, "tie_word_embeddings": true
        }
        """)
    {
        Family = "StarCoder 2",
        Published = "bigcode/starcoder2-3b",
        Peculiar = "LayerNorm with grouped key heads; biases; a window in all layers",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var norm = new NormShape(Rms: false, config.Positive("norm_epsilon", most: 1));
        var (bias, window) = (config.Flag("use_bias", true), CommonConfig.ReadWindow(config));
        return CommonConfig.Llama(config, s_names, norm: norm).WithoutGate().WithInnerBias(bias).WithAttention(attention => attention with
        {
            Window = window,
            QueryKeyValueBias = bias,
            OutputBias = bias,
        });
    }
}
