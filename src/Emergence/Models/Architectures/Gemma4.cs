using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>
/// Gemma 3 whose heads are larger in full layers, whose last layers read keys and values of earlier ones, whose layers have
/// embeddings of their own, and whose norm weights are not differences.
/// </summary>
internal static class Gemma4
{
    private const int Pattern = 6;

    private static readonly WeightNames s_names = WeightNames.Sandwich with
    {
        OutputScale = "layer_scalar",
        Experts = new("router.proj", "experts.", ["gate_up_proj"], "down_proj") { Joint = true },
    };

    public static Architecture Row { get; } = new("gemma4_text", Read, """
        {
          "vocab_size": 262144, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 30, "num_attention_heads": 8, "num_key_value_heads": 4,
          "head_dim": 256, "global_head_dim": 512, "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
          "tie_word_embeddings": true, "sliding_window": 512, "vocab_size_per_layer_input": 262144, "hidden_size_per_layer_input": 256,
          "rope_parameters": {
            "sliding_attention": { "rope_type": "default", "rope_theta": 10000.0 },
            "full_attention": { "rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1000000.0 }
          }
        }
        """)
    {
        Family = "Gemma 4",
        Published = "google/gemma-4-E2B-it",
        Peculiar = "head sizes by kind of layer, shared keys and values, an embedding for each layer, a scalar a layer, values normed too",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var norm = new NormShape(Rms: true, config.Positive("rms_norm_eps", most: 1));
        var shape = Gemma.ReadCommon(config, s_names)
            with { Norm = norm, LogitSoftCap = CommonConfig.ReadCap(config, "final_logit_softcapping") };
        var sliding = shape.FirstAttention with { Scale = 1, QueryKeyNorm = new(norm), ValueNorm = norm with { Weight = false } };
        var (full, rotations) = ReadKinds(config, shape, ref sliding);
        shape = shape.WithAttention(_ => sliding)
            .Windowed(config, CommonConfig.ReadWindow(config), layer => (layer + 1) % Pattern != 0, full: _ => full);

        // The last layer sees everything, whatever the list says.
        shape = shape.WithBlocks((layer, block) => layer == shape.Layers - 1 ? block with { Attention = full } : block);
        return WithExperts(config, WithShared(config, shape)) with
        {
            LayerInputWidth = config.WholeOrNull("hidden_size_per_layer_input", 0, 1 << 17) ?? 0,
            LayerInputVocabulary = config.WholeOrNull("vocab_size_per_layer_input", 1, 1 << 24) ?? shape.VocabularySize,
            MaxPositions = CommonConfig.Reach(shape.MaxPositions, rotations),
        };
    }

    private static (AttentionPart Full, RotaryShape[] Rotations) ReadKinds(ConfigReader config, ModelShape shape, ref AttentionPart sliding)
    {
        var size = config.WholeOrNull("global_head_dim", 1, 1 << 17) ?? sliding.HeadSize;
        var isKeyOnly = config.Flag("attention_k_eq_v", false);
        var local = new RotaryConfig { Kind = "sliding_attention" }.Read(config, sliding.HeadSize, shape.MaxPositions);
        var far = new RotaryConfig { DefaultBase = 1_000_000, Kind = "full_attention" }.Read(config, size, shape.MaxPositions);
        var keyHeads = CommonConfig.ReadKeyHeads(config, config.Has("num_global_key_value_heads") && config.Find(
            "num_global_key_value_heads") != null && isKeyOnly ? "num_global_key_value_heads" : "num_key_value_heads", sliding.Heads);
        sliding = sliding with { Rotary = local };
        return (sliding with { Rotary = far, HeadSize = size, ValueSize = size, KeyHeads = keyHeads, ValuesAreKeys = isKeyOnly },
            [local, far]);
    }

    /// <summary>Experts beside the dense half of every layer.</summary>
    private static ModelShape WithExperts(ConfigReader config, ModelShape shape)
    {
        var width = config.Spelled("moe_intermediate_size", "expert_intermediate_size");
        if (!config.Flag("enable_moe_block", false))
        {
            config.Pass("num_experts", "top_k_experts", width);
            return shape;
        }

        var router = new RouterShape(RouterScores.Softmax) { Normalises = true };
        return shape.WithExperts(shape.ReadExperts(config, router, chosen: "top_k_experts", width: width) with { IsBeside = true });
    }

    /// <summary>The last layers read the keys and values of the last one before them of their kind; there they may be twice as wide
    /// inside.</summary>
    private static ModelShape WithShared(ConfigReader config, ModelShape shape)
    {
        var shared = config.WholeOrNull("num_kv_shared_layers", 0, shape.Layers - 1) ?? 0;
        var isWide = config.Flag("use_double_wide_mlp", false);
        var first = shape.Layers - shared;
        return shape.WithBlocks((layer, block) => layer < first ? block : block with
        {
            Attention = block.Attention! with { KeysOf = LastOfKind(block.Attention) },
            Inner = isWide ? block.Inner! with { Width = 2 * block.Inner.Width } : block.Inner,
        });

        int LastOfKind(AttentionPart attention)
        {
            var source = Enumerable.Range(0, first).Where(layer => shape.Blocks[layer].Attention == attention).DefaultIfEmpty(-1).Last();
            return source >= 0 ? source : throw ConfigReader.Error(
                $"num_kv_shared_layers={shared}: no layer before the last {shared} is of the same kind as one of them");
        }
    }
}
