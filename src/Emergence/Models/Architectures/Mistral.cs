using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama whose layers may all see only a window.</summary>
internal static class Mistral
{
    public static Architecture Row { get; } = new("mistral", Read, """
        {
          "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
          "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "sliding_window": 4096
        }
        """)
    {
        Family = "Mistral",
        Published = "mistralai/Mistral-7B-v0.1, mistralai/Mistral-Nemo-Base-2407",
        Peculiar = "a window in all layers, 4,096 where the key is absent",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var window = CommonConfig.ReadWindow(config);
        return CommonConfig.Llama(config).WithAttention(attention => attention with { Window = window });
    }
}
