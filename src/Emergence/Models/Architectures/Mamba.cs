using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>One mixer a layer, a selective scan whose every channel has steps and rates of its own; no positions.</summary>
internal static class Mamba
{
    private const string Defaults = """
        {
          "vocab_size": 50280, "hidden_size": 768, "state_size": 16, "num_hidden_layers": 32, "layer_norm_epsilon": 1e-5, "expand": 2, "conv_kernel": 4,
          "use_bias": true, "use_conv_bias": true, "hidden_act": "silu", "time_step_rank": "auto", "tie_word_embeddings": true
        }
        """;

    private static readonly WeightNames s_names = WeightNames.OneMixer with { Recurrence = new("mixer.") };

    public static Architecture Row { get; } = new("mamba", config => Read(config, null), Defaults)
    {
        Family = "Mamba",
        Published = "state-spaces/mamba-130m-hf",
        Peculiar = "no attention: a convolution and a selective scan, a mixer a layer",
    };

    public static Architecture FalconRow { get; } = new("falcon_mamba", ReadFalcon, Defaults)
    {
        Family = "Falcon Mamba",
        Published = "tiiuae/falcon-mamba-7b",
        Peculiar = "as Mamba, with norms of what goes into the state, what reads it, and what steps come out of",
    };

    private static ModelShape ReadFalcon(ConfigReader config) =>
        Read(config, new NormShape(Rms: true, config.Positive("mixer_rms_eps", 1e-6, most: 1)) { Weight = false });

    private static ModelShape Read(ConfigReader config, NormShape? narrowNorm)
    {
        // What the training program called the sizes, and how it was to compute.
        config.Pass("d_model", "d_inner", "n_layer", "ssm_cfg", "rms_norm", "fused_add_norm", "pad_vocab_size_multiple", "residual_in_fp32",
            "rescale_prenorm_residual", "time_step_scale", "time_step_min", "time_step_max", "time_step_init_scheme", "time_step_floor",
            "use_mambapy", "use_associative_scan", "use_falcon_mambapy");
        var width = CommonConfig.ReadWidth(config, "hidden_size");
        var inner = (int)(config.Positive("expand", most: 64) * width);
        if (config.WholeOrNull("intermediate_size", 1, int.MaxValue) is { } said && said != inner)
            throw ConfigReader.Error($"intermediate_size is {said}, expected {inner}: expand times hidden_size");
        var bias = config.Flag("use_bias", true);
        var activation = CommonConfig.ReadActivation(config, "hidden_act");
        var part = new ScanPart(inner, 1, 1, config.Whole("state_size", 1, 1 << 16))
        {
            Taps = RecurrenceConfig.ReadTaps(config, "conv_kernel"),
            ConvolutionBias = config.Flag("use_conv_bias", true),
            InputBias = bias,
            OutputBias = bias,
            Activation = activation,
            GateActivation = activation,
            StepRank = RecurrenceConfig.WholeOrAuto(config, "time_step_rank", (width + 15) / 16, 1 << 16),
            NarrowNorm = narrowNorm,
        };
        var norm = new NormShape(Rms: true, config.Positive("layer_norm_epsilon", most: 1));
        return CommonConfig.Uniform(config, DimensionKeys.Llama, s_names, norm, new BlockShape(null, null, Recurrence: part));
    }
}
