using Emergence.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>
/// A critic's passes in blocks of pairs. What is kept between the passes: Wx x and Wy y of every row, and the outputs
/// of the inner layers of every pair, which the backward pass overwrites with their gradients. The first layer's output
/// is made again from its two halves, a block of pairs and a strip of columns at a time, so that no input and no
/// gradient of it is ever held for all pairs. Blocks follow one another in order and the threads share each.
/// </summary>
internal sealed unsafe class CpuCriticWorkspace : CriticWorkspace
{
    /// <summary>Columns of the first layer whose gradients by row of x and y are held at a time: one block of a product.</summary>
    private const int StripColumns = 384;

    /// <summary>Floats of a block's first layer: they stay in the last cache, and threads seldom wait for one another.</summary>
    private const int BlockFloats = 1 << 22;

    private readonly CpuDevice _device;
    private readonly int _blockRows;
    private readonly Tensor _zx;
    private readonly Tensor _zy;
    private readonly Tensor _first;

    /// <summary>Memory of the inner layers behind the second, and, when their gradients are done, of a strip's.</summary>
    private readonly Tensor _late;

    /// <summary>(Kx + Ky, strip): gradients by Wx x and Wy y, a view of <see cref="_late"/>.</summary>
    private readonly Tensor _dz;
    private readonly Tensor?[] _inner;

    public CpuCriticWorkspace(CpuDevice device, CriticShape shape, int xRows, int yRows, int pairs)
        : base(shape, xRows, yRows, pairs)
    {
        var width = shape.Widths[0];
        var strip = Math.Min(width, StripColumns);
        _device = device;
        _blockRows = Math.Clamp(BlockFloats / width / 384 * 384, 384, 4608);
        _zx = device.Allocate(xRows, width);
        _zy = device.Allocate(yRows, width);
        _first = device.Allocate(Math.Min(_blockRows, pairs), width);
        _inner = new Tensor?[shape.Layers];
        var late = shape.Widths.Skip(2).SkipLast(1).Sum();
        _late = device.Allocate((int)Math.Max(late, ((xRows + (long)yRows) * strip + pairs - 1) / Math.Max(1, pairs)), pairs);
        _dz = new Tensor(_late.Buffer, _late.Type, xRows + yRows, strip);
        for (var (layer, start) = (1, 0); layer < LastLayer; layer++)
        {
            var columns = shape.Widths[layer];
            _inner[layer] = layer == 1 ? device.Allocate(pairs, columns) : _late.RowRange(start, columns).Reshape(pairs, columns);
            start += layer == 1 ? 0 : columns;
        }

        Scores = device.Allocate(pairs, 1);
        ScoreGradients = device.Allocate(pairs, 1);
    }

    public override Tensor Scores { get; }

    public override Tensor ScoreGradients { get; }

    private int LastLayer => Shape.Layers - 1;

    public void Forward(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        var weight = Shape.Weight(parameters, 0);
        var (zx, zy) = (_zx.RowRange(0, x.Rows), _zy.RowRange(0, y.Rows));
        _device.MatMul(x, weight.ColumnRange(0, Shape.XColumns), zx, transposeB: true, bias: Shape.Bias(parameters, 0));
        _device.MatMul(y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), zy, transposeB: true);
        for (var start = 0; start < a.Rows; start += _blockRows)
        {
            var rows = Math.Min(_blockRows, a.Rows - start);
            var input = _first.RowRange(0, rows);
            _device.AddPairs(zx, a.RowRange(start, rows), zy, b.RowRange(start, rows), input);
            for (var layer = 1; layer <= LastLayer; layer++)
            {
                var output = (layer == LastLayer ? Scores : _inner[layer]!).RowRange(start, rows);
                var activation = layer == LastLayer ? Activation.None : Activation.LeakyRelu;
                _device.MatMul(input, Shape.Weight(parameters, layer), output, transposeB: true, bias: Shape.Bias(parameters, layer), activation: activation);
                input = output;
            }
        }
    }

    public void Backward(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        for (var start = 0; start < a.Rows; start += _blockRows)
        {
            for (var layer = LastLayer; layer > 1; layer--)
            {
                var rows = Math.Min(_blockRows, a.Rows - start);
                var (delta, input) = (Delta(layer).RowRange(start, rows), _inner[layer - 1]!.RowRange(start, rows));
                AddGradient(delta, input, Shape.Weight(gradient, layer), start > 0);
                _device.AddRows(delta, Shape.Bias(gradient, layer), start > 0);
                _device.InputGradient(delta, Shape.Weight(parameters, layer), input);
            }
        }

        for (var column = 0; column < Shape.Widths[0]; column += StripColumns)
            BackwardStrip(parameters, x, y, a, b, gradient, column, Math.Min(StripColumns, Shape.Widths[0] - column));
    }

    public override void Dispose()
    {
        foreach (var tensor in _inner.Append(_zx).Append(_zy).Append(_late).Append(_first).Append(Scores).Append(ScoreGradients))
            tensor?.Dispose();
    }

    /// <summary>The second layer's weights that read some columns of the first layer, and the weights that make these columns.</summary>
    private void BackwardStrip(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient, int column, int count)
    {
        var (zx, zy) = (_zx.RowRange(0, x.Rows).ColumnRange(column, count), _zy.RowRange(0, y.Rows).ColumnRange(column, count));
        var (dzx, dzy) = (_dz.RowRange(0, x.Rows).ColumnRange(0, count), _dz.RowRange(XRows, y.Rows).ColumnRange(0, count));
        for (var start = 0; start < a.Rows; start += _blockRows)
        {
            var rows = Math.Min(_blockRows, a.Rows - start);
            var delta = Delta(1).RowRange(start, rows);

            // Dense: rows that lie a multiple of many cache lines apart would share few sets of the caches.
            var first = _first.Reshape(1, (int)_first.Count).ColumnRange(0, rows * count).Reshape(rows, count);
            var (rowsA, rowsB) = (a.RowRange(start, rows), b.RowRange(start, rows));
            _device.AddPairs(zx, rowsA, zy, rowsB, first);
            AddGradient(delta, first, Shape.Weight(gradient, 1).ColumnRange(column, count), start > 0);
            if (column == 0)
                _device.AddRows(delta, Shape.Bias(gradient, 1), start > 0);
            _device.InputGradient(delta, Shape.Weight(parameters, 1).ColumnRange(column, count), first);
            _device.AddByIndex(first, rowsA, dzx, start > 0);
            _device.AddByIndex(first, rowsB, dzy, start > 0);
        }

        var weight = Shape.Weight(gradient, 0).RowRange(column, count);
        _device.MatMul(dzx, x, weight.ColumnRange(0, Shape.XColumns), transposeA: true);
        _device.MatMul(dzy, y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), transposeA: true);
        _device.SumRows(dzx, Shape.Bias(gradient, 0).ColumnRange(column, count));
    }

    /// <summary>Gradient by the output of a layer before its activation.</summary>
    private Tensor Delta(int layer) => layer == LastLayer ? ScoreGradients : _inner[layer]!;

    private void AddGradient(Tensor delta, Tensor input, Tensor weight, bool accumulate) =>
        _device.MatMul(delta, input, weight, transposeA: true, residual: accumulate ? weight : null);
}
