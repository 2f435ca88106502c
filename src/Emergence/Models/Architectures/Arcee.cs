using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Llama without a gate, with relu squared.</summary>
internal static class Arcee
{
    public static Architecture Row { get; } = new("arcee", Read, """
        {
          "vocab_size": 32000, "hidden_size": 2560, "intermediate_size": 18432, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "relu2",
          "max_position_embeddings": 4096, "rms_norm_eps": 1e-5
        }
        """)
    {
        Family = "Arcee",
        Published = "arcee-ai/AFM-4.5B",
        Peculiar = "no gate, relu squared",
    };

    private static ModelShape Read(ConfigReader config) => CommonConfig.Llama(config, WeightNames.UpDown).WithBiases(config).WithoutGate();
}
