using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with a norm of every query and key head.</summary>
internal static class Qwen3
{
    private const string Defaults = """
        {
          "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
          "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "sliding_window": 4096, "max_window_layers": 28
        }
        """;

    public static Architecture Row { get; } = new("qwen3", Read, Defaults)
    {
        Family = "Qwen 3",
        Published = "Qwen/Qwen3-0.6B, Qwen/Qwen3-Embedding-0.6B",
        Peculiar = "norms of query and key heads",
    };

    public static Architecture VisionRow { get; } = new("qwen3_vl_text", Read, Defaults)
    {
        Family = "Qwen3-VL",
        Published = "Qwen/Qwen3-VL-2B-Instruct",
        Peculiar = "the text part of a model that sees: Qwen 3, whose three axes of positions are one for text",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = Qwen2.WithWindows(CommonConfig.Llama(config).WithBiases(config).WithInnerBias(false), config);
        return shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm) });
    }
}
