using Emergence.Checkpoints;
using Emergence.Messages;

namespace Emergence.Models.Architectures;

/// <summary>One mixer a layer: a Mamba-2 scan, attention without rotation, a feed-forward part, or experts.</summary>
internal static class NemotronH
{
    private static readonly string[] s_kinds = ["linear_attention", "full_attention", "mlp", "moe"];

    /// <summary>Where the config says nothing.</summary>
    private static readonly string[] s_default = ["linear_attention", "moe", "full_attention", "mlp"];

    private static readonly WeightNames s_names = WeightNames.OneMixer with
    {
        InnerInputNorm = "norm",
        QueryKeyValue = ["mixer.q_proj", "mixer.k_proj", "mixer.v_proj"],
        AttentionOutput = "mixer.o_proj",
        Inner = ["mixer.up_proj"],
        InnerOutput = "mixer.down_proj",
        Recurrence = new("mixer."),
        Experts = new("mixer.gate", "mixer.experts.", ["up_proj"], "down_proj")
        {
            Correction = "mixer.gate.e_score_correction_bias",
            Shared = "mixer.shared_experts.",
            SharedInner = ["up_proj"],
        },
    };

    public static Architecture Row { get; } = new("nemotron_h", Read, """
        {
          "vocab_size": 131072, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
          "max_position_embeddings": 4096, "intermediate_size": 21504, "mlp_hidden_act": "relu2", "ssm_state_size": 128, "mamba_num_heads": 128,
          "mamba_head_dim": 64, "n_groups": 8, "conv_kernel": 4, "mamba_hidden_act": "silu", "use_conv_bias": true, "use_bias": false,
          "n_routed_experts": 8, "moe_intermediate_size": 7688, "moe_shared_expert_intermediate_size": 7688, "num_experts_per_tok": 2,
          "n_group": 1, "topk_group": 1, "layer_norm_epsilon": 1e-5
        }
        """)
    {
        Family = "Nemotron H",
        Published = "nvidia/Nemotron-H-8B-Base-8K, nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
        Peculiar = "one mixer a layer: a Mamba-2 scan, attention, a feed-forward part or experts; no rotation",
    };

    private static ModelShape Read(ConfigReader config)
    {
        config.Pass("expand", "mamba_expand", "chunk_size", "mamba_chunk_size", "mamba_proj_bias", "mamba_ssm_cache_dtype",
            "moe_shared_expert_overlap", "mtp_layers_block_type", "mtp_hybrid_override_pattern", "num_logits_to_keep", "use_mamba_kernels",
            "n_shared_experts", "num_nextn_predict_layers", "rms_norm_eps", "norm_eps", "mamba_dt_max", "mamba_dt_limit",
            "mamba_dt_init_floor", "rope_theta", "partial_rotary_factor", "rope_parameters", "num_hidden_layers");

        // What the published program does not read either: its attention sees all rows, and has no biases.
        config.Pass("sliding_window", "attention_bias");
        var kinds = ReadKinds(config);
        var norm = new NormShape(Rms: true, config.Positive("layer_norm_epsilon", most: 1));
        var width = CommonConfig.ReadWidth(config, "hidden_size");
        BlockShape? scan = null, attention = null, inner = null, experts = null;
        return CommonConfig.Uniform(config, DimensionKeys.Llama, s_names, norm, new BlockShape(null, null), kinds.Length)
            .WithBlocks((layer, _) => kinds[layer] switch
            {
                "linear_attention" => scan ??= new(null, null, Recurrence: ReadScan(config, norm)),
                "full_attention" => attention ??= new(ReadAttention(config, width), null),
                "mlp" => inner ??= new(null, ReadInner(config)),
                _ => experts ??= new(null, null, ReadExperts(config)),
            })
            with { PredictionPrefix = "mtp." };
    }

    /// <summary>A list of kinds, or the older pattern with a letter for each layer.</summary>
    private static string[] ReadKinds(ConfigReader config)
    {
        const string Pattern = "hybrid_override_pattern";
        var pattern = config.Text(Pattern);
        var key = config.Spelled("layers_block_type", "layer_types");
        if (RecurrenceConfig.ReadKinds(config, key, null, s_kinds) is { Length: > 0 } kinds)
            return kinds;
        if (pattern is null or "")
            return s_default;
        return [.. pattern.Select((letter, layer) => letter switch
        {
            'M' => "linear_attention",
            '*' => "full_attention",
            '-' => "mlp",
            'E' => "moe",
            _ => throw ConfigReader.Error(
                $"{Pattern} has {Printable.Quote(letter.ToString())} for layer {layer}, expected M, *, - or E"),
        })];
    }

    private static ScanPart ReadScan(ConfigReader config, NormShape norm)
    {
        var bias = config.Flag("use_bias", false);
        var groups = config.Spelled("n_groups", "mamba_n_groups");
        var (heads, size) = (config.Whole("mamba_num_heads", 1, 1 << 16), config.Whole("mamba_head_dim", 1, 1 << 16));
        var part = RecurrenceConfig.ReadScan(config, heads, size, groups, "ssm_state_size", config.Spelled("conv_kernel", "mamba_d_conv"),
            CommonConfig.ReadActivation(config, "mamba_hidden_act"));
        return part with
        {
            ConvolutionBias = config.Flag(config.Spelled("use_conv_bias", "mamba_conv_bias"), true),
            InputBias = bias,
            OutputBias = bias,
            Norm = norm,

            // The published program lets no step be less than this, where others keep to time_step_limit.
            LeastStep = config.PositiveOrNull(config.Spelled("time_step_min", "mamba_dt_min"), 1) ?? 0.001,
            MostStep = double.PositiveInfinity,
        };
    }

    private static AttentionPart ReadAttention(ConfigReader config, int width) => CommonConfig.ReadHeads(
        config, DimensionKeys.Llama, width, config.Spelled("head_dim", "attention_head_dim"), "num_key_value_heads");

    private static InnerPart ReadInner(ConfigReader config) => new(CommonConfig.ReadInner(config, "intermediate_size"),
        CommonConfig.ReadActivation(config, "mlp_hidden_act"), Bias: config.Flag("mlp_bias", false));

    private static ExpertsPart ReadExperts(ConfigReader config) => ExpertsConfig.ReadExperts(
        config, DeepSeek.ReadRouter(config), CommonConfig.ReadActivation(config, "mlp_hidden_act"), "n_routed_experts") with
    {
        Gated = false,
        OuterBias = config.Flag("mlp_bias", false),
        LatentWidth = config.WholeOrNull("moe_latent_size", 1, 1 << 20),
        SharedWidth = config.Whole("moe_shared_expert_intermediate_size", 1, 1 << 20),
    };
}
