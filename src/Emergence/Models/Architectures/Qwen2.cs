using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama with biases of query, key and value; late layers may see only a window.</summary>
internal static class Qwen2
{
    private const string Defaults = """
        {
          "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
          "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "sliding_window": 4096, "max_window_layers": 28
        }
        """;

    public static Architecture Row { get; } = new("qwen2", Read, Defaults)
    {
        Family = "Qwen 1.5, 2, 2.5",
        Published = "Qwen/Qwen2.5-0.5B, deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
        Peculiar = "biases of query, key and value; windows in late layers on request",
    };

    public static Architecture Vision2Row { get; } = new("qwen2_vl_text", Read, Defaults)
    {
        Family = "Qwen2-VL",
        Published = "Qwen/Qwen2-VL-2B-Instruct",
        Peculiar = "the text part of a model that sees: Qwen 2, whose three axes of positions are one for text",
    };

    public static Architecture Vision25Row { get; } = new("qwen2_5_vl_text", Read, Defaults)
    {
        Family = "Qwen2.5-VL",
        Published = "Qwen/Qwen2.5-VL-3B-Instruct",
        Peculiar = "the text part of a model that sees: Qwen 2, whose three axes of positions are one for text",
    };

    /// <summary>The windows of Qwen 2 and 3: "sliding_window" counts only if "use_sliding_window" says so, from "max_window_layers"
    /// on.</summary>
    public static ModelShape WithWindows(ModelShape shape, ConfigReader config)
    {
        config.Pass("sliding_window");
        var window = config.Flag("use_sliding_window", false) ? CommonConfig.ReadWindow(config) : 0;
        var first = config.WholeOrNull("max_window_layers", 0, int.MaxValue) ?? 0;
        return shape.Windowed(config, window, layer => window > 0 && layer >= first);
    }

    private static ModelShape Read(ConfigReader config) =>
        WithWindows(CommonConfig.Llama(config, rotary: new() { DefaultBase = 10000 }), config)
            .WithAttention(attention => attention with { QueryKeyValueBias = true });
}
