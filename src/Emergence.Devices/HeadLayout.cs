using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>
/// Where the heads of a projection lie in a row: element i of head h is column <c>h * Stride + i</c>.
/// Stride is Size for separate projections and 3 * Size if query, key and value of a head are neighbours (GPT-NeoX).
/// </summary>
public readonly record struct HeadLayout(int Count, int Size, int Stride);

/// <summary>The columns of a head that a rotation pairs: (i, i + r/2) or (2i, 2i + 1).</summary>
public enum RotaryPairs
{
    Halves,
    Neighbours,
}

/// <summary>What attention computes: softmax over the visible positions of softcap(scale * q k).</summary>
/// <param name="Query">Heads of q; query head h reads key head h / (Query.Count / Key.Count).</param>
/// <param name="Key">Heads of k.</param>
/// <param name="Scale">Factor of every score.</param>
/// <param name="Window">Number of visible positions, the own one included; 0: all.</param>
/// <param name="SoftCap">c in c * tanh(score / c); 0: none.</param>
/// <param name="OtherValue">Heads of v if they lie differently or have another size than those of k; as many.</param>
public readonly record struct AttentionShape(HeadLayout Query, HeadLayout Key, float Scale, int Window = 0, float SoftCap = 0,
    HeadLayout? OtherValue = null)
{
    /// <summary>(1, Query.Count): a further score of each head, which takes its part of the weight and yields nothing; or none.</summary>
    public Tensor? Sinks { get; init; }

    /// <summary>Heads of v; the result has Query.Count of this size.</summary>
    public HeadLayout Value => OtherValue ?? Key;
}

/// <summary>What the positions of a query and a key do to a score, before the softmax.</summary>
/// <param name="Positions">(N, 1) Int32, each in 0 .. P-1.</param>
/// <param name="Bias">(P, heads): head h adds Bias[position of the key, h] - Bias[own position, h]; or none.</param>
/// <param name="Scale">(P, 1): further factor of the scores of a query at that position; or none.</param>
public sealed record AttentionPositions(Tensor Positions, Tensor? Bias, Tensor? Scale);
