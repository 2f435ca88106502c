namespace Emergence.Devices;

/// <summary>
/// Where the heads of a projection lie in a row: element i of head h is column <c>h * Stride + i</c>.
/// Stride is Size for separate projections and 3 * Size where query, key and value of a head are neighbours (GPT-NeoX).
/// </summary>
public readonly record struct HeadLayout(int Count, int Size, int Stride);

/// <summary>Which columns of a head a rotation pairs: (i, i + r/2) or (2i, 2i + 1).</summary>
public enum RotaryPairs
{
    Halves,
    Neighbours,
}

/// <summary>What attention computes: softmax over the visible positions of softcap(scale * q k).</summary>
/// <param name="Query">Heads of q and of the result; query head h reads key head h / (Query.Count / Key.Count).</param>
/// <param name="Key">Heads of k and v.</param>
/// <param name="Scale">Factor of every score.</param>
/// <param name="Window">Number of visible positions, the own one included; 0: all.</param>
/// <param name="SoftCap">c in c * tanh(score / c); 0: none.</param>
public readonly record struct AttentionShape(HeadLayout Query, HeadLayout Key, float Scale, int Window = 0, float SoftCap = 0);
