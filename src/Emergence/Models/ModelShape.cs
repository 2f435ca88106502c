using Emergence.Devices;

namespace Emergence.Models;

/// <summary>The mathematics of a transformer, as config.json says; everything the forward pass depends on but the weights.</summary>
internal sealed record ModelShape
{
    /// <summary>L.</summary>
    public required int Layers { get; init; }

    /// <summary>d, the width of the residual stream.</summary>
    public required int Width { get; init; }

    public required int Heads { get; init; }

    /// <summary>Heads of keys and values.</summary>
    public required int KeyHeads { get; init; }

    public required int HeadSize { get; init; }

    /// <summary>Width between the two halves of the feed-forward part.</summary>
    public required int InnerWidth { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Most positions a sequence may have.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>How config.json spells the sizes, for messages.</summary>
    public required DimensionKeys Keys { get; init; }

    public required NormShape Norm { get; init; }

    public required Activation Activation { get; init; }

    /// <summary>The feed-forward part is down(activation(gate x) * up x) instead of down(activation(up x)).</summary>
    public bool Gated { get; init; }

    public BlockForm Form { get; init; }

    public NormScope QueryKeyNorm { get; init; }

    /// <summary>Window and rotation of every layer.</summary>
    public required IReadOnlyList<LayerShape> PerLayer { get; init; }

    public required double AttentionScale { get; init; }

    /// <summary>c in c * tanh(score / c); 0: none.</summary>
    public double AttentionSoftCap { get; init; }

    /// <summary>c in c * tanh(logit / c); 0: none.</summary>
    public double LogitSoftCap { get; init; }

    /// <summary>Factor of the token embedding.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Row of the first position in the table of learned positions; null where there is no such table.</summary>
    public int? PositionOffset { get; init; }

    public bool QueryKeyValueBias { get; init; }

    public bool AttentionOutputBias { get; init; }

    public bool InnerBias { get; init; }

    public bool HeadBias { get; init; }

    /// <summary>Logits are products with the token embedding itself.</summary>
    public required bool TiedHead { get; init; }

    public int QueryWidth => Heads * HeadSize;

    public int KeyWidth => KeyHeads * HeadSize;
}

/// <summary>How config.json spells the sizes of a model.</summary>
internal sealed record DimensionKeys(string Layers, string Width, string Heads, string Inner, string Positions)
{
    public static DimensionKeys Gpt { get; } = new("n_layer", "n_embd", "n_head", "n_inner", "n_positions");

    public static DimensionKeys Llama { get; } =
        new("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "max_position_embeddings");
}

/// <summary>How the two halves of a block are joined. Norms before and after a half are there if they have weights.</summary>
internal enum BlockForm
{
    /// <summary>h = x + A(x); y = h + M(h).</summary>
    Sequential,

    /// <summary>y = x + A(x) + M(x).</summary>
    Parallel,

    /// <summary>h = norm(x + A(x)); y = norm(h + M(h)).</summary>
    NormAfterSum,
}

/// <summary>What one norm of queries and keys covers.</summary>
internal enum NormScope
{
    None,
    Head,
    AllHeads,
}

/// <summary>The norm of all layers.</summary>
/// <param name="Rms">Root mean square without bias, instead of mean and variance.</param>
/// <param name="Epsilon">Added to the mean square or variance.</param>
/// <param name="WeightOffset">1 for Gemma, whose weights are differences from 1.</param>
internal sealed record NormShape(bool Rms, double Epsilon, float WeightOffset = 0);

/// <summary>What may differ from layer to layer.</summary>
/// <param name="Rotary">Rotation of queries and keys, or none.</param>
/// <param name="Window">Number of visible positions, the own one included; 0: all.</param>
internal sealed record LayerShape(RotaryShape? Rotary, int Window = 0);
