using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Gemma 2 with a norm of every query and key head, and five layers with a window and a rotation of their own for each one
/// without.</summary>
internal static class Gemma3
{
    public static Architecture Row { get; } = new("gemma3_text", Read, """
        {
          "vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4,
          "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "tie_word_embeddings": true,
          "query_pre_attn_scalar": 256, "sliding_window": 4096, "rope_local_base_freq": 10000.0
        }
        """)
    {
        Family = "Gemma 3",
        Published = "google/gemma-3-1b-it, google/gemma-3-4b-it",
        Peculiar = "norms of query and key heads; windowed layers have a base of their own",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = Gemma2.ReadCommon(config, WeightNames.Sandwich);
        var older = config.WholeOrNull("sliding_window_pattern", 1, int.MaxValue);
        var pattern = config.WholeOrNull("_sliding_window_pattern", 1, int.MaxValue) ?? older ?? 6;
        var size = shape.FirstAttention.HeadSize;
        var full = new RotaryConfig { DefaultBase = 1_000_000, Kind = "full_attention" }.Read(config, size, shape.MaxPositions);

        // Older files say "rope_local_base_freq"; "rope_theta" and "rope_scaling" are then those of full attention only.
        var local = new RotaryConfig { Base = "rope_local_base_freq", Kind = "sliding_attention", OnlyOwn = true }.Read(
            config, size, shape.MaxPositions);
        return shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm), Rotary = full })
            .Windowed(config, CommonConfig.ReadWindow(config), layer => (layer + 1) % pattern != 0, sliding: attention =>
                attention with { Rotary = local }) with
        {
            MaxPositions = CommonConfig.Reach(shape.MaxPositions, full),
        };
    }
}
