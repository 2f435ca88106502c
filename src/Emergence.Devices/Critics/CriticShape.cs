using Emergence.Devices.Tensors;

namespace Emergence.Devices.Critics;

/// <summary>
/// A statistics network T(x, y): fully connected layers of the given widths (the last is 1) over the concatenation
/// [x; y], leaky ReLU 0.01 between layers. All parameters lie in one (1, ParameterCount) tensor, layer by layer:
/// weight (out, in) row-major, then bias (out). The first layer's weight is [Wx | Wy] with in = dx + dy; it is never
/// applied to a concatenated row: Wx x and Wy y are computed once per row of x and y and only added per pair.
/// </summary>
public sealed class CriticShape
{
    private readonly long[] _offsets;

    public CriticShape(int xColumns, int yColumns, params ReadOnlySpan<int> widths)
    {
        if (xColumns < 1 || yColumns < 1 || widths.Length < 2 || widths[^1] != 1)
            throw new ArgumentException($"a critic needs inputs and two or more layers that end in 1, not {xColumns}+{yColumns}, {string.Join('-', widths.ToArray())}");
        XColumns = xColumns;
        YColumns = yColumns;
        Widths = [.. widths];
        _offsets = new long[widths.Length + 1];
        for (var layer = 0; layer < widths.Length; layer++)
            _offsets[layer + 1] = _offsets[layer] + (long)widths[layer] * (InputColumns(layer) + 1);
    }

    /// <summary>dx.</summary>
    public int XColumns { get; }

    /// <summary>dy.</summary>
    public int YColumns { get; }

    /// <summary>Outputs of each layer; the last is 1.</summary>
    public IReadOnlyList<int> Widths { get; }

    public int Layers => Widths.Count;

    public int ParameterCount => checked((int)_offsets[^1]);

    public int InputColumns(int layer) => layer == 0 ? XColumns + YColumns : Widths[layer - 1];

    /// <summary>
    /// Multiply-adds of a training step: the split first layer once forward and once for its weights' gradient, a row of x or
    /// y each; the other layers forward, for the weights' and for the inputs' gradient, a pair each.
    /// </summary>
    public double StepMultiplyAdds(int xRows, int yRows, int pairs)
    {
        var cost = 2.0 * Widths[0] * ((double)xRows * XColumns + (double)yRows * YColumns);
        for (var layer = 1; layer < Layers; layer++)
            cost += 3.0 * pairs * InputColumns(layer) * Widths[layer];
        return cost;
    }

    /// <summary>The same where the first layer reads [x; y] of every pair, as published critics do.</summary>
    public double ConcatenatedStepMultiplyAdds(int pairs) => StepMultiplyAdds(pairs, pairs, pairs);

    /// <summary>Weight of a layer as (out, in), a view of <paramref name="parameters"/> (1, ParameterCount).</summary>
    public Tensor Weight(Tensor parameters, int layer) =>
        parameters.ColumnRange((int)_offsets[layer], Widths[layer] * InputColumns(layer)).Reshape(Widths[layer], InputColumns(layer));

    /// <summary>Bias of a layer as (1, out), a view of <paramref name="parameters"/> (1, ParameterCount).</summary>
    public Tensor Bias(Tensor parameters, int layer) =>
        parameters.ColumnRange((int)_offsets[layer + 1] - Widths[layer], Widths[layer]);
}
