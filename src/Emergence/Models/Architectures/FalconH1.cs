using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Attention and a Mamba-2 scan side by side in every layer, and nine multipliers.</summary>
internal static class FalconH1
{
    private const int Columns = 5;

    private static readonly WeightNames s_names = WeightNames.Llama with
    {
        FinalNorm = "final_layernorm",
        InnerInputNorm = "pre_ff_layernorm",
        Inner = ["feed_forward.gate_proj", "feed_forward.up_proj"],
        InnerOutput = "feed_forward.down_proj",
        Recurrence = new("mamba."),
    };

    public static Architecture Row { get; } = new("falcon_h1", Read, """
        {
          "vocab_size": 128000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
          "num_key_value_heads": 8, "hidden_act": "silu", "rms_norm_eps": 1e-5, "max_position_embeddings": 8192, "mamba_d_ssm": 1024,
          "mamba_n_heads": 128, "mamba_d_head": "auto", "mamba_n_groups": 1, "mamba_d_state": 256, "mamba_d_conv": 4, "mamba_expand": 2,
          "mamba_conv_bias": true, "mamba_proj_bias": false, "mamba_norm_before_gate": true, "mamba_rms_norm": false
        }
        """)
    {
        Family = "Falcon H1",
        Published = "tiiuae/Falcon-H1-0.5B-Instruct, tiiuae/Falcon-H1-1.5B-Deep-Instruct",
        Peculiar = "attention and a Mamba-2 scan side by side; nine multipliers",
    };

    private static ModelShape Read(ConfigReader config)
    {
        config.Pass("num_logits_to_keep", "mamba_use_mlp");
        var shape = CommonConfig.Llama(config, s_names).WithBiases(config);
        var key = Factor(config, "key_multiplier");
        shape = shape.WithAttention(attention => attention with
        {
            // Keys times a factor: scores times it.
            Scale = attention.Scale * key,
            InputScale = Factor(config, "attention_in_multiplier"),
            OutputScale = Factor(config, "attention_out_multiplier"),
        });

        var inner = config.NumbersOrNull("mlp_multipliers", 2) ?? [1, 1];
        shape = shape.WithInner(part => part with { GateScale = inner[0], OutputScale = inner[1] });

        var (hasNorm, first) = (config.Flag("mamba_rms_norm", false), config.Flag("mamba_norm_before_gate", true));
        var scan = RecurrenceConfig.ReadMamba(config, shape.Width, CommonConfig.ReadActivation(config, "hidden_act"),
            config.WholeOrNull("mamba_d_ssm", 1, 1 << 20)) with
        {
            OutputBias = config.Flag("projectors_bias", false),
            InputScale = Factor(config, "ssm_in_multiplier"),
            OutputScale = Factor(config, "ssm_out_multiplier"),
            ColumnScales = config.NumbersOrNull("ssm_multipliers", Columns) ?? [],
            Norm = hasNorm ? shape.Norm : null,
            NormFirst = first,
        };
        return shape.WithBlocks((_, block) => block with { Recurrence = scan }) with
        {
            EmbeddingScale = Factor(config, "embedding_multiplier"),
            LogitScale = Factor(config, "lm_head_multiplier"),
        };
    }

    private static double Factor(ConfigReader config, string key) => config.NumberOrNull(key) ?? 1;
}
