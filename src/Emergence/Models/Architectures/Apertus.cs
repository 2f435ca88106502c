using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Llama with a norm of every query and key head, and an activation whose numbers are weights.</summary>
internal static class Apertus
{
    private static readonly WeightNames s_names = WeightNames.UpDown
        with { AttentionInputNorm = "attention_layernorm", InnerInputNorm = "feedforward_layernorm" };

    public static Architecture Row { get; } = new("apertus", Read, """
        {
          "vocab_size": 131072, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "xielu",
          "max_position_embeddings": 65536, "rms_norm_eps": 1e-5,
          "rope_parameters": { "rope_type": "llama3", "rope_theta": 12000000.0, "factor": 8.0, "original_max_position_embeddings": 8192, "low_freq_factor": 1.0, "high_freq_factor": 4.0 }
        }
        """)
    {
        Family = "Apertus",
        Published = "swiss-ai/Apertus-8B-2509",
        Peculiar = "xIELU with stored numbers; norms of query and key heads",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var isXielu = config.Text("hidden_act") == "xielu";
        var shape = CommonConfig.Llama(config, s_names, activation: isXielu ? Activation.None : null).WithBiases(config).WithoutGate();
        return shape.WithAttention(attention => attention with { QueryKeyNorm = new(shape.Norm) })
            .WithInner(inner => inner with { Xielu = isXielu, Bias = false });
    }
}
