using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with norms by mean and variance; a quarter of a head turns; the large ones are parallel, with a norm for each
/// head.</summary>
internal static class StableLM
{
    private static readonly WeightNames s_names = WeightNames.Llama
        with { QueryNorm = "self_attn.q_layernorm", KeyNorm = "self_attn.k_layernorm" };

    public static Architecture Row { get; } = new("stablelm", Read, """
        {
          "vocab_size": 50304, "hidden_size": 2560, "intermediate_size": 6912, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
          "hidden_act": "silu", "max_position_embeddings": 4096, "layer_norm_eps": 1e-5
        }
        """)
    {
        Family = "StableLM",
        Published = "stabilityai/stablelm-2-1_6b, stabilityai/stablelm-2-12b",
        Peculiar = "LayerNorm; a quarter of a head turns; the 12B: parallel halves, a norm for each head",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_eps", most: 1));
        var (bias, isParallel) = (config.Flag("use_qkv_bias", false), config.Flag("use_parallel_residual", false));
        HeadNorm? heads = config.Flag("qk_layernorm", false) ? new(norm with { Bias = false }, NormScope.NamedHeads) : null;
        var names = isParallel ? s_names with { InnerInputNorm = null } : s_names;
        return CommonConfig.Llama(config, names, new() { DefaultFraction = 0.25 }, norm).WithAttention(attention => attention with
        {
            QueryKeyValueBias = bias,
            QueryKeyNorm = heads,
        }) with
        {
            Form = isParallel ? BlockForm.Parallel : BlockForm.Sequential,
        };
    }
}
