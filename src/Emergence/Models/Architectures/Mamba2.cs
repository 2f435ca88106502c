using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>One mixer a layer, a selective scan whose heads share steps and rates; no positions.</summary>
internal static class Mamba2
{
    private static readonly WeightNames s_names = WeightNames.OneMixer with { Recurrence = new("mixer.") };

    public static Architecture Row { get; } = new("mamba2", Read, """
        {
          "num_heads": 128, "head_dim": 64, "vocab_size": 32768, "hidden_size": 4096, "state_size": 128, "num_hidden_layers": 64, "layer_norm_epsilon": 1e-5,
          "expand": 2, "conv_kernel": 4, "n_groups": 8, "use_bias": false, "use_conv_bias": true, "hidden_act": "silu", "tie_word_embeddings": false
        }
        """)
    {
        Family = "Mamba 2",
        Published = "mistralai/Mamba-Codestral-7B-v0.1, AntonV/mamba2-130m-hf",
        Peculiar = "no attention: a selective scan by heads, a norm behind the gate",
    };

    private static ModelShape Read(ConfigReader config)
    {
        config.Pass("chunk_size", "norm_before_gate", "rms_norm");
        var width = CommonConfig.ReadWidth(config, "hidden_size");
        var inner = (int)(config.Positive("expand", most: 64) * width);
        var (heads, size) = (config.Whole("num_heads", 1, 1 << 16), config.Whole("head_dim", 1, 1 << 16));
        if (heads * (long)size != inner)
            throw ConfigReader.Error($"num_heads={heads} heads of head_dim={size} columns, expected {inner}: expand times hidden_size");
        var bias = config.Flag("use_bias", false);
        var norm = new NormShape(Rms: true, config.Positive("layer_norm_epsilon", most: 1));
        var part = RecurrenceConfig.ReadScan(
            config, heads, size, "n_groups", "state_size", "conv_kernel", CommonConfig.ReadActivation(config, "hidden_act")) with
        {
            ConvolutionBias = config.Flag("use_conv_bias", true),
            InputBias = bias,
            OutputBias = bias,
            Norm = norm,
        };
        return CommonConfig.Uniform(config, DimensionKeys.Llama, s_names, norm, new BlockShape(null, null, Recurrence: part));
    }
}
