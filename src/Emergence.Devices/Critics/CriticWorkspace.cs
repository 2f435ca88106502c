using Emergence.Devices.Tensors;

namespace Emergence.Devices.Critics;

/// <summary>Memory of a critic's forward and backward pass; made and understood by one device.</summary>
public abstract class CriticWorkspace(CriticShape shape, int xRows, int yRows, int pairs) : IDisposable
{
    public CriticShape Shape { get; } = shape;

    public int XRows { get; } = xRows;

    public int YRows { get; } = yRows;

    /// <summary>R at most.</summary>
    public int Pairs { get; } = pairs;

    /// <summary>(Pairs, 1): T of the last forward pass.</summary>
    public abstract Tensor Scores { get; }

    /// <summary>(Pairs, 1): gradient by T, set before the backward pass.</summary>
    public abstract Tensor ScoreGradients { get; }

    public abstract void Dispose();
}

/// <summary>The composed default: every layer's activations are kept, every step is an op of the device.</summary>
internal sealed class ComposedCriticWorkspace : CriticWorkspace
{
    private readonly List<Tensor> _owned = [];
    private readonly Tensor _zx;
    private readonly Tensor _zy;
    private readonly Tensor[] _activations;
    private readonly Tensor[] _gradients;

    public ComposedCriticWorkspace(Device device, CriticShape shape, int xRows, int yRows, int pairs)
        : base(shape, xRows, yRows, pairs)
    {
        try
        {
            _zx = Own(xRows, shape.Widths[0]);
            _zy = Own(yRows, shape.Widths[0]);
            _activations = [.. shape.Widths.Select(width => Own(pairs, width))];
            _gradients = [.. shape.Widths.Select(width => Own(pairs, width))];
        }
        catch
        {
            Dispose();
            throw;
        }

        Tensor Own(int rows, int columns)
        {
            var tensor = device.Allocate(rows, columns);
            _owned.Add(tensor);
            return tensor;
        }
    }

    /// <summary>Elements that it allocates.</summary>
    public static long Elements(CriticShape shape, int xRows, int yRows, int pairs) => ((long)xRows + yRows) * shape.Widths[0] + 2L * pairs * shape.Widths.Sum();

    public override Tensor Scores => _activations[^1];

    public override Tensor ScoreGradients => _gradients[^1];

    /// <summary>Layer 0 is split: Zx = x Wx' + b and Zy = y Wy' once per row, added per pair.</summary>
    public void Forward(Device device, Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        var (zx, zy) = (_zx.RowRange(0, x.Rows), _zy.RowRange(0, y.Rows));
        var weight = Shape.Weight(parameters, 0);
        device.MatMul(x, weight.ColumnRange(0, Shape.XColumns), zx, transposeB: true, bias: Shape.Bias(parameters, 0));
        device.MatMul(y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), zy, transposeB: true);
        device.AddPairs(zx, a, zy, b, _activations[0].RowRange(0, a.Rows));
        for (var layer = 1; layer < Shape.Layers; layer++)
        {
            var activation = layer < Shape.Layers - 1 ? Activation.LeakyRelu : Activation.None;
            device.MatMul(_activations[layer - 1].RowRange(0, a.Rows), Shape.Weight(parameters, layer), _activations[layer].RowRange(0, a.Rows), transposeB: true, bias: Shape.Bias(parameters, layer), activation: activation);
        }
    }

    public void Backward(Device device, Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        for (var layer = Shape.Layers - 1; layer >= 1; layer--)
        {
            var delta = _gradients[layer].RowRange(0, a.Rows);
            var input = _activations[layer - 1].RowRange(0, a.Rows);
            var inputDelta = _gradients[layer - 1].RowRange(0, a.Rows);
            device.MatMul(delta, input, Shape.Weight(gradient, layer), transposeA: true);
            device.SumRows(delta, Shape.Bias(gradient, layer));
            device.MatMul(delta, Shape.Weight(parameters, layer), inputDelta);
            device.LeakyReluGradient(input, inputDelta);
        }

        var first = _gradients[0].RowRange(0, a.Rows);
        var weight = Shape.Weight(gradient, 0);
        var (dzx, dzy) = (_zx.RowRange(0, x.Rows), _zy.RowRange(0, y.Rows));
        device.SumRows(first, Shape.Bias(gradient, 0));
        device.SumByIndex(first, a, dzx);
        device.SumByIndex(first, b, dzy);
        device.MatMul(dzx, x, weight.ColumnRange(0, Shape.XColumns), transposeA: true);
        device.MatMul(dzy, y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), transposeA: true);
    }

    public override void Dispose() => _owned.ForEach(tensor => tensor.Dispose());
}
