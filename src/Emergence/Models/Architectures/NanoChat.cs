using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>Norms without weights everywhere, also after the embedding and, after the rotation, on queries and keys; pairs turn
/// backwards.</summary>
internal static class NanoChat
{
    private static readonly WeightNames s_names = WeightNames.Llama
        with { EmbeddingNorm = "norm", Inner = ["mlp.fc1"], InnerOutput = "mlp.fc2" };

    public static Architecture Row { get; } = new("nanochat", Read, """
        {
          "vocab_size": 50304, "hidden_size": 768, "intermediate_size": 8192, "num_hidden_layers": 12, "num_attention_heads": 6, "hidden_act": "relu2",
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "final_logit_softcapping": 15.0
        }
        """)
    {
        Family = "nanochat",
        Published = "karpathy/nanochat-d32",
        Peculiar = "norms without weights; relu squared; soft cap of the logits; pairs turn backwards",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var norm = new NormShape(Rms: true, config.Positive("rms_norm_eps", most: 1)) { Weight = false };
        return CommonConfig.Llama(config, s_names, norm: norm).WithBiases(config).WithoutGate().WithInnerBias(false)
            .WithAttention(attention => attention with
        {
            QueryKeyNorm = new(norm, AfterRotation: true),
            Rotary = attention.Rotary! with { Backwards = true },
        }) with
        {
            LogitSoftCap = CommonConfig.ReadCap(config, config.Spelled("final_logit_softcapping", "logits_soft_cap")),
        };
    }
}
