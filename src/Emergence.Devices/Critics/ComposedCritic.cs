using Emergence.Devices.Tensors;

namespace Emergence.Devices.Critics;

/// <summary>A critic of any device: every layer's activations are kept, every step is an op of the device.</summary>
internal sealed class ComposedCritic : Critic
{
    private readonly Device _device;
    private readonly List<Tensor> _owned = [];
    private readonly Tensor _zx;
    private readonly Tensor _zy;
    private readonly Tensor[] _activations;
    private readonly Tensor[] _gradients;

    public ComposedCritic(Device device, CriticShape shape, int xRows, int yRows, int pairs)
        : base(shape, xRows, yRows, pairs)
    {
        _device = device;
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

    public override Tensor Scores => _activations[^1];

    public override Tensor ScoreGradients => _gradients[^1];

    public override void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

    /// <summary>Layer 0 is split: Zx = x Wx' + b and Zy = y Wy' once per row, added per pair.</summary>
    protected override void ForwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        var (zx, zy) = (_zx.RowRange(0, x.Rows), _zy.RowRange(0, y.Rows));
        var weight = Shape.Weight(parameters, 0);
        _device.MatMul(x, weight.ColumnRange(0, Shape.XColumns), zx, transposeB: true, bias: Shape.Bias(parameters, 0));
        _device.MatMul(y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), zy, transposeB: true);
        _device.AddPairs(zx, a, zy, b, _activations[0].RowRange(0, a.Rows));
        for (var layer = 1; layer < Shape.Layers; layer++)
        {
            var (input, output) = (_activations[layer - 1].RowRange(0, a.Rows), _activations[layer].RowRange(0, a.Rows));
            var activation = layer < Shape.Layers - 1 ? Activation.LeakyRelu : Activation.None;
            var bias = Shape.Bias(parameters, layer);
            _device.MatMul(input, Shape.Weight(parameters, layer), output, transposeB: true, bias: bias, activation: activation);
        }
    }

    protected override void BackwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        for (var layer = Shape.Layers - 1; layer >= 1; layer--)
        {
            var delta = _gradients[layer].RowRange(0, a.Rows);
            var input = _activations[layer - 1].RowRange(0, a.Rows);
            var inputDelta = _gradients[layer - 1].RowRange(0, a.Rows);
            _device.MatMul(delta, input, Shape.Weight(gradient, layer), transposeA: true);
            _device.SumRows(delta, Shape.Bias(gradient, layer));
            _device.MatMul(delta, Shape.Weight(parameters, layer), inputDelta);
            _device.LeakyReluGradient(input, inputDelta);
        }

        var first = _gradients[0].RowRange(0, a.Rows);
        var weight = Shape.Weight(gradient, 0);
        var (dzx, dzy) = (_zx.RowRange(0, x.Rows), _zy.RowRange(0, y.Rows));
        _device.SumRows(first, Shape.Bias(gradient, 0));
        _device.SumByIndex(first, a, dzx);
        _device.SumByIndex(first, b, dzy);
        _device.MatMul(dzx, x, weight.ColumnRange(0, Shape.XColumns), transposeA: true);
        _device.MatMul(dzy, y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), transposeA: true);
    }
}
