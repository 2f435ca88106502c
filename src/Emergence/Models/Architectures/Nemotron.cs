using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Norms whose weights are differences from 1, no gate, relu squared; half of a head turns.</summary>
internal static class Nemotron
{
    public static Architecture Row { get; } = new("nemotron", Read, """
        {
          "vocab_size": 256000, "hidden_size": 6144, "intermediate_size": 24576, "num_hidden_layers": 32, "num_attention_heads": 48, "hidden_act": "relu2",
          "max_position_embeddings": 4096, "norm_eps": 1e-5
        }
        """)
    {
        Family = "Nemotron",
        Published = "nvidia/Minitron-4B-Base, nvidia/Nemotron-Mini-4B-Instruct",
        Peculiar = "LayerNorm of 1 + weight; relu squared; half of a head turns",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var norm = new NormShape(Rms: false, config.Positive("norm_eps", most: 1)) { WeightOffset = 1 };
        return CommonConfig.Llama(config, WeightNames.UpDown, new() { DefaultFraction = 0.5 }, norm).WithBiases(config).WithoutGate();
    }
}
