namespace Emergence.Models.Architectures;

internal static class Llama
{
    public static Architecture Row { get; } = new("llama", config => CommonConfig.Llama(config).WithBiases(config), """
        {
          "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-6
        }
        """)
    {
        Family = "Llama",
        Published = "meta-llama/Llama-3.2-1B, HuggingFaceTB/SmolLM2-135M, TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        Peculiar = "what the others are told from: RMS norms, gated SiLU, rotation of halves",
    };
}
