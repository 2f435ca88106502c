using Emergence.Checkpoints;
using Emergence.Messages;

namespace Emergence.Models.Architectures;

/// <summary>Granite with a Mamba-2 scan in place of attention in most layers, an expert that all rows pass, and perhaps others.</summary>
internal static class GraniteHybrid
{
    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        Inner = ["shared_mlp.input_linear"],
        InnerOutput = "shared_mlp.output_linear",
        Recurrence = new("mamba."),
        Experts = GraniteMoe.Names with
        {
            Shared = "shared_mlp.",
            SharedInner = ["input_linear"],
            SharedOutput = "output_linear",
        },
    };

    public static Architecture Row { get; } = new("granitemoehybrid", Read, """
        {
          "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "num_local_experts": 8, "num_experts_per_tok": 2, "shared_intermediate_size": 1024,
          "mamba_n_heads": 128, "mamba_n_groups": 1, "mamba_d_state": 256, "mamba_d_head": "auto", "mamba_d_conv": 4, "mamba_expand": 2,
          "mamba_conv_bias": true, "mamba_proj_bias": false
        }
        """)
    {
        Family = "Granite 4",
        Published = "ibm-granite/granite-4.0-h-tiny, ibm-granite/granite-4.0-h-1b",
        Peculiar = "Granite's multipliers; a Mamba-2 scan in most layers; an expert that all rows pass beside those that are chosen",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = Granite.Read(config, s_names);
        var turns = config.Text("position_embedding_type") switch
        {
            null or "nope" => false,
            "rope" => true,
            var other => throw ConfigReader.Error($"position_embedding_type is {Printable.Quote(other)}, expected rope, nope or null"),
        };
        if (!turns)
            shape = shape.WithAttention(attention => attention with { Rotary = null });

        var activation = CommonConfig.ReadActivation(config, "hidden_act");
        var shared = config.Whole("shared_intermediate_size", 1, 1 << 20);
        var key = config.Spelled("layer_types", "layers_block_type");
        var kinds = RecurrenceConfig.ReadKinds(config, key, shape.Layers, "linear_attention", "full_attention");
        if (kinds?.Contains("linear_attention") ?? true)
        {
            var scan = RecurrenceConfig.ReadMamba(config, shape.Width, activation) with { Norm = shape.Norm };
            shape = shape.WithBlocks((layer, block) => kinds?[layer] == "full_attention" ? block
                : block with { Attention = null, Recurrence = scan });
        }
        else
        {
            config.Pass("mamba_n_heads", "mamba_n_groups", "mamba_d_state", "mamba_d_head", "mamba_d_conv", "mamba_expand",
                "mamba_conv_bias", "mamba_proj_bias", "mamba_chunk_size", "time_step_limit", "time_step_min", "time_step_max");
        }

        if (config.WholeOrNull("num_local_experts", 0, 1 << 12) is null or 0)
        {
            config.Pass("num_experts_per_tok", "intermediate_size");
            return shape.WithInner(inner => inner with { Width = shared });
        }

        return shape.WithExperts(shape.ReadExperts(config, new(RouterScores.SoftmaxOfChosen), "num_local_experts",
            width: "intermediate_size") with { SharedWidth = shared });
    }
}
