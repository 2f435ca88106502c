using Emergence.Checkpoints;
using Emergence.Messages;

namespace Emergence.Models.Architectures;

/// <summary>Norms follow both halves; if some layers have a window, only those turn.</summary>
internal static class Exaone4
{
    public static Architecture Row { get; } = new("exaone4", Read, """
        {
          "vocab_size": 102400, "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
          "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "sliding_window": 4096, "sliding_window_pattern": 4
        }
        """)
    {
        Family = "EXAONE 4",
        Published = "LGAI-EXAONE/EXAONE-4.0-1.2B",
        Peculiar = "norms after each half; rotation in windowed layers only, where there are any",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Llama(config, WeightNames.NormsAfter);
        var window = CommonConfig.ReadWindow(config);
        var slides = ReadPattern(config);
        return shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm) })
            .Windowed(config, window, layer => window > 0 && slides(layer), full: attention =>
                window > 0 ? attention with { Rotary = null } : attention);
    }

    /// <summary>Every so many layers one without a window, or a letter for each: L with, G without.</summary>
    private static Func<int, bool> ReadPattern(ConfigReader config)
    {
        if (config.Find("sliding_window_pattern") is not { ValueKind: System.Text.Json.JsonValueKind.String })
        {
            var every = config.WholeOrNull("sliding_window_pattern", 0, int.MaxValue) ?? 0;
            return layer => every > 0 && (layer + 1) % every != 0;
        }

        var letters = config.Text("sliding_window_pattern")!;
        if (letters.Length == 0 || letters.Any(letter => letter is not ('L' or 'G')))
            throw ConfigReader.Error($"sliding_window_pattern is {Printable.Quote(letters)}, expected a number, or letters L and G");
        return layer => letters[layer % letters.Length] == 'L';
    }
}
