using Emergence.Checkpoints;
using Emergence.Messages;

namespace Emergence.Models.Architectures;

/// <summary>GPT-2 whose scores are not scaled, with windows in some layers.</summary>
internal static class GptNeo
{
    private static readonly WeightNames s_names = Gpt2.Names with
    {
        QueryKeyValue = ["attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj"],
        AttentionOutput = "attn.attention.out_proj",
        InputMajor = false,
    };

    public static Architecture Row { get; } = new("gpt_neo", Read, """
        {
          "vocab_size": 50257, "max_position_embeddings": 2048, "hidden_size": 2048, "num_layers": 24, "num_heads": 16, "window_size": 256,
          "attention_types": [[["global", "local"], 12]], "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true
        }
        """)
    {
        Family = "GPT-Neo",
        Published = "EleutherAI/gpt-neo-125m",
        Peculiar = "scores not scaled; windows by turns",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = new DimensionKeys("num_layers", "hidden_size", "num_heads", "intermediate_size", "max_position_embeddings");
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var attention = CommonConfig.ReadHeads(config, keys, width) with { Scale = 1, OutputBias = true };
        var inner = new InnerPart(config.WholeOrNull(keys.Inner, 1, 1 << 20) ?? 4 * width,
            CommonConfig.ReadActivation(config, "activation_function"), Bias: true);
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_epsilon", most: 1));
        var shape = CommonConfig.Uniform(config, keys, s_names, norm, attention, inner) with { Positions = new() };
        var (kinds, window) = (ReadKinds(config), config.Whole("window_size", 1, int.MaxValue));
        if (kinds.Count != shape.Layers)
            throw ConfigReader.Error($"attention_layers has {kinds.Count} items for {shape.Layers} layers");
        return shape.WithAttention((layer, attention) => kinds[layer] switch
        {
            "global" => attention,
            "local" => attention with { Window = window },
            var other => throw ConfigReader.Error($"attention_layers[{layer}] is {Printable.Quote(other)}, expected global or local"),
        });
    }

    /// <summary>"attention_layers", or "attention_types": lists of kinds, each with how often it is repeated.</summary>
    private static List<string> ReadKinds(ConfigReader config)
    {
        var types = config.Find("attention_types");
        if (config.Texts("attention_layers") is { } layers)
            return [.. layers];
        var kinds = new List<string>();
        try
        {
            foreach (var type in types!.Value.EnumerateArray())
            {
                for (var i = 0; i < type[1].GetInt32(); i++)
                    kinds.AddRange(type[0].EnumerateArray().Select(kind => kind.GetString()!));
            }
        }
        catch (Exception error) when (error is InvalidOperationException or IndexOutOfRangeException or FormatException)
        {
            throw config.Unexpected("attention_types", "lists of [kinds, times]", types!.Value);
        }

        return kinds;
    }
}
