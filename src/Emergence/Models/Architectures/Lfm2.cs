using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Short convolutions between two gates, attention in some layers.</summary>
internal static class Lfm2
{
    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        FinalNorm = "embedding_norm",
        AttentionInputNorm = "operator_norm",
        InnerInputNorm = "ffn_norm",
        QueryNorm = "self_attn.q_layernorm",
        KeyNorm = "self_attn.k_layernorm",
        AttentionOutput = "self_attn.out_proj",
        Inner = ["feed_forward.w1", "feed_forward.w3"],
        InnerOutput = "feed_forward.w2",
        Recurrence = new("conv.") { Convolution = "conv" },
        Experts = new("feed_forward.gate", "feed_forward.experts.", ["w1", "w3"], "w2") { Correction = "feed_forward.expert_bias" },
    };

    public static Architecture Row { get; } = new("lfm2", ReadDense, """
        {
          "vocab_size": 65536, "hidden_size": 2560, "intermediate_size": 12288, "num_hidden_layers": 32, "num_attention_heads": 32,
          "num_key_value_heads": 8, "max_position_embeddings": 128000, "norm_eps": 1e-5, "tie_word_embeddings": true, "conv_bias": false,
          "conv_L_cache": 3, "block_multiple_of": 256, "block_ffn_dim_multiplier": 1.0, "block_auto_adjust_ff_dim": true
        }
        """)
    {
        Family = "LFM 2",
        Published = "LiquidAI/LFM2-1.2B, LiquidAI/LFM2-350M",
        Peculiar = "short convolutions between two gates in most layers, norms of heads in the others",
    };

    public static Architecture MoeRow { get; } = new("lfm2_moe", ReadMixture, """
        {
          "vocab_size": 65536, "hidden_size": 2048, "intermediate_size": 7168, "moe_intermediate_size": 1792, "num_hidden_layers": 32,
          "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 128000, "norm_eps": 1e-5, "tie_word_embeddings": true,
          "conv_bias": false, "conv_L_cache": 3, "num_dense_layers": 2, "num_experts_per_tok": 4, "num_experts": 32, "use_expert_bias": true,
          "routed_scaling_factor": 1.0, "norm_topk_prob": true
        }
        """)
    {
        Family = "LFM 2 MoE",
        Published = "LiquidAI/LFM2-8B-A1B",
        Peculiar = "as LFM 2, with experts behind dense first layers",
    };

    private static ModelShape ReadDense(ConfigReader config)
    {
        config.Pass("block_mlp_init_scale", "block_out_init_scale", "block_use_swiglu", "block_use_xavier_init", "conv_use_xavier_init",
            "use_pos_enc", "num_heads", "block_norm_eps", "conv_dim_out", "block_dim", "conv_dim");
        var inner = config.WholeOrNull("block_ff_dim", 1, 1 << 22) ?? CommonConfig.ReadInner(config, "intermediate_size");
        var (multiple, factor) = (config.Whole("block_multiple_of", 1, 1 << 16), config.PositiveOrNull("block_ffn_dim_multiplier"));
        if (config.Flag("block_auto_adjust_ff_dim", true))
        {
            inner = (int)((factor ?? 1) * (int)(2.0 * inner / 3));
            inner = Ceiling.Multiple(inner, multiple);
        }

        return Read(config, inner);
    }

    private static ModelShape ReadMixture(ConfigReader config)
    {
        var shape = Read(config, CommonConfig.ReadInner(config, "intermediate_size"));
        var router = new RouterShape(RouterScores.Sigmoid)
        {
            Correction = config.Flag("use_expert_bias", true),
            Normalises = config.Flag("norm_topk_prob", true),
            Added = 1e-6f,
            Scale = (float)config.Positive("routed_scaling_factor", 1),
        };
        var dense = config.WholeOrNull("num_dense_layers", 0, int.MaxValue) ?? 0;
        return shape.WithExperts(shape.ReadExperts(config, router), layer => layer >= dense);
    }

    private static ModelShape Read(ConfigReader config, int inner)
    {
        var norm = new NormShape(Rms: true, config.Positive("norm_eps", most: 1));
        var width = CommonConfig.ReadWidth(config, "hidden_size");
        var attention = CommonConfig.ReadHeads(config, DimensionKeys.Llama, width, "head_dim", "num_key_value_heads")
            with { QueryKeyNorm = new(norm) };
        var bias = config.Flag("conv_bias", false);
        var convolution = new ShortConvolutionPart(width)
        {
            Taps = RecurrenceConfig.ReadTaps(config, "conv_L_cache"),
            ConvolutionBias = bias,
            InputBias = bias,
            OutputBias = bias,
        };
        var block = new BlockShape(attention, new(inner, Activation.Silu, Gated: true));
        var rotary = new RotaryConfig { Base = config.Spelled("rope_theta", "theta"), DefaultBase = 1_000_000 };
        var shape = CommonConfig.Uniform(config, DimensionKeys.Llama, s_names, norm, block).Rotated(config, rotary);
        var isFull = ReadFull(config, shape.Layers);
        return shape.WithBlocks((layer, each) => isFull[layer] ? each : each with { Attention = null, Recurrence = convolution })
            with { Head = config.Flag("tie_embedding", config.Flag("tie_word_embeddings", true)) ? HeadWeights.Tied : HeadWeights.Own };
    }

    /// <summary>Whether layers have attention: "layer_types", else "full_attn_idxs", else all.</summary>
    private static bool[] ReadFull(ConfigReader config, int layers)
    {
        var full = config.Wholes("full_attn_idxs", 0, layers - 1);
        var kinds = RecurrenceConfig.ReadKinds(config, "layer_types", layers, "conv", "full_attention");
        return [.. Enumerable.Range(0, layers).Select(layer => kinds == null ? full?.Contains(layer) ?? true : kinds[layer] != "conv")];
    }
}
