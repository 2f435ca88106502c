using System.Collections.Concurrent;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>
/// A critic's passes in blocks of pairs that a thread takes through all layers, so that they stay in its own cache. What is
/// kept between the passes: Wx x and Wy y of every row, and the outputs of the inner layers of every pair, which the backward
/// pass overwrites with their gradients. The first layer's output by pairs, and the gradient by it, are never held for all
/// pairs: products make its rows when they read them. Sums over pairs are made by chunk, whatever the threads.
/// </summary>
internal sealed unsafe class CpuCritic : Critic
{
    /// <summary>Floats of a block's first layer.</summary>
    private const int BlockFloats = 384 * 768;

    private const int MinBlockRows = 384, MaxBlockRows = 1536;

    /// <summary>Chunks of pairs at most, each with its own gradient.</summary>
    private const int MaxChunks = 8;

    /// <summary>Outputs of the first layer whose weights' gradient is one block of a product.</summary>
    private const int StripColumns = 384;

    private readonly CpuDevice _device;
    private readonly int _blockRows;
    private readonly int _chunks;

    /// <summary>Wx x and Wy y of every row, then the gradients by them.</summary>
    private readonly Tensor _zx;
    private readonly Tensor _zy;

    /// <summary>Outputs of layers 1 .. by pair, then the gradients by them.</summary>
    private readonly Tensor?[] _inner;

    /// <summary>(chunks, parameters behind the first layer).</summary>
    private readonly Tensor _partial;

    /// <summary>(1, n) Int32: bits that are set where the first layer's output of a pair is positive.</summary>
    private readonly Tensor _signs;

    private readonly PackedRight[] _packed;
    private readonly ConcurrentBag<ThreadMemory> _idle = [];

    /// <summary>In a plan, what the passes take when they first need it: packed weights, and what each thread works in.</summary>
    private readonly Tensor? _later;

    /// <param name="device">Computes.</param>
    /// <param name="memory">Allocates: the device, or a plan of it.</param>
    /// <param name="shape">The layers.</param>
    /// <param name="xRows">Kx.</param>
    /// <param name="yRows">Ky.</param>
    /// <param name="pairs">R.</param>
    public CpuCritic(CpuDevice device, Device memory, CriticShape shape, int xRows, int yRows, int pairs)
        : base(shape, xRows, yRows, pairs)
    {
        var width = shape.Widths[0];
        _device = device;
        _blockRows = Math.Clamp(BlockFloats / width / MinBlockRows * MinBlockRows, MinBlockRows, MaxBlockRows);
        _chunks = Math.Clamp(pairs / _blockRows, 1, MaxChunks);
        _zx = memory.Allocate(xRows, width);
        _zy = memory.Allocate(yRows, width);
        _inner = new Tensor?[shape.Layers];
        for (var layer = 1; layer < LastLayer; layer++)
            _inner[layer] = memory.Allocate(pairs, shape.Widths[layer]);
        Scores = memory.Allocate(pairs, 1);
        ScoreGradients = memory.Allocate(pairs, 1);
        _partial = memory.Allocate(_chunks, shape.ParameterCount - FirstLayerParameters);
        var signBytes = (long)pairs * PairSumRows.SignBytes(width);
        _signs = memory.Allocate(DType.Int32, 1, checked((int)Ceiling.Of(signBytes, sizeof(int))));
        _packed = [.. shape.Widths.Select(_ => new PackedRight())];
        if (memory != device)
            _later = memory.Allocate(1, checked((int)LaterFloats()));
    }

    public override Tensor Scores { get; }

    public override Tensor ScoreGradients { get; }

    private int LastLayer => Shape.Layers - 1;

    private int FirstLayerParameters => Shape.Widths[0] * (Shape.XColumns + Shape.YColumns + 1);

    private long LaterFloats()
    {
        var floats = 0L;
        for (var layer = 1; layer < Math.Max(2, LastLayer); layer++)
        {
            var (outputs, inputs) = (Shape.Widths[layer], Shape.InputColumns(layer));
            floats += layer == 1
                ? _device.PackedFloats(inputs, outputs)
                : Math.Max(_device.PackedFloats(inputs, outputs), _device.PackedFloats(outputs, inputs));
        }

        var width = Shape.Widths[0];
        var seen = Ceiling.Of((long)XRows + YRows, sizeof(float));
        return floats + _device.ColumnShares(width) * ((long)_blockRows * width + _device.PackedFloats(Shape.Widths[1], width) + seen);
    }

    protected override void ForwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        var weight = Shape.Weight(parameters, 0);
        var (zx, zy) = (_zx.RowRange(0, x.Rows), _zy.RowRange(0, y.Rows));
        _device.MatMul(x, weight.ColumnRange(0, Shape.XColumns), zx, transposeB: true, bias: Shape.Bias(parameters, 0));
        _device.MatMul(y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), zy, transposeB: true);
        for (var layer = 1; layer < Math.Max(2, LastLayer); layer++)
            _device.Pack(Shape.Weight(parameters, layer), true, _packed[layer]);
        _device.Share(Ceiling.Of(a.Rows, _blockRows), block =>
        {
            var start = block * _blockRows;
            ForwardBlock(parameters, zx, zy, a, b, start, Math.Min(_blockRows, a.Rows - start));
        });
    }

    protected override void BackwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        for (var layer = 2; layer < LastLayer; layer++)
            _device.Pack(Shape.Weight(parameters, layer), false, _packed[layer]);
        var chunks = Math.Min(_chunks, Math.Max(1, a.Rows));
        _device.Share(chunks, chunk =>
        {
            var start = (int)((long)a.Rows * chunk / chunks);
            BackwardChunk(parameters, _partial.RowRange(chunk, 1), a, b, start, (int)((long)a.Rows * (chunk + 1) / chunks));
        });
        _device.SumRows(_partial.RowRange(0, chunks), gradient.ColumnRange(FirstLayerParameters, _partial.Columns));
        _device.ShareColumns(
            Shape.Widths[0], (first, count) => BackwardColumns(Shape.Weight(parameters, 1), x.Rows, y.Rows, a, b, first, count));
        FirstLayer(x, y, gradient);
    }

    public override void Dispose()
    {
        foreach (var tensor in _inner.Append(_zx).Append(_zy).Append(_partial).Append(Scores).Append(ScoreGradients))
            tensor?.Dispose();
        foreach (var packed in _packed)
            packed.Dispose();
        foreach (var memory in _idle)
            memory.Dispose();
        _signs.Dispose();
        _later?.Dispose();
    }

    private void ForwardBlock(Tensor parameters, Tensor zx, Tensor zy, Tensor a, Tensor b, int start, int rows)
    {
        var pairs = FirstLayerRows(zx, zy, a, b, start, rows);
        for (var layer = 1; layer <= LastLayer; layer++)
        {
            var output = (layer == LastLayer ? Scores : _inner[layer]!).RowRange(start, rows);
            var epilogue = new Epilogue
            {
                Bias = (float*)Shape.Bias(parameters, layer).Address,
                Activation = layer == LastLayer ? Activation.None : Activation.LeakyRelu,
            };
            if (layer == 1)
            {
                _device.Product(pairs, _packed[1], output, epilogue);
                continue;
            }

            var input = _inner[layer - 1]!.RowRange(start, rows);
            if (layer < LastLayer)
                _device.Product(input, _packed[layer], output, epilogue);
            else
                CriticLoops.Scores(
                    new(input), rows, input.Columns, (float*)Shape.Weight(parameters, layer).Address, *epilogue.Bias, new(output));
        }
    }

    /// <summary>Gradients by the inner layers' outputs, and by all weights behind the first layer, of pairs start .. end - 1.</summary>
    private void BackwardChunk(Tensor parameters, Tensor partial, Tensor a, Tensor b, int start, int end)
    {
        // Blocks of one height as far as may be, whole tiles.
        var blocks = Math.Max(1, Ceiling.Of(end - start, _blockRows));
        var height = Ceiling.Multiple(Ceiling.Of(end - start, blocks), GemmKernel.MaxRows);
        (Tensor Weight, Tensor Bias)[] gradients = [
            .. Enumerable.Range(0, Shape.Layers).Select(layer => layer == 0 ? default : Partial(partial, layer))
        ];

        // Once where there are no pairs too: gradients are then zero.
        for (var row = start; row < end || row == start; row += height)
        {
            var (rows, accumulate) = (Math.Min(height, end - row), row > start);
            for (var layer = LastLayer; layer > 1; layer--)
            {
                var (delta, input) = (Delta(layer).RowRange(row, rows), _inner[layer - 1]!.RowRange(row, rows));
                var (weight, bias) = gradients[layer];
                AddRows(delta, bias, accumulate);
                if (layer < LastLayer)
                {
                    _device.AddGradient(delta, input, weight, accumulate);
                    _device.Product(
                        delta, _packed[layer], input, new Epilogue { Mask = (float*)input.Address, MaskStride = input.RowStride });
                }
                else
                {
                    CriticLoops.SumWeighted(new(delta), new(input), rows, input.Columns, (float*)weight.Address, accumulate);
                    CriticLoops.ScoreInputGradient(
                        new(delta), rows, input.Columns, (float*)Shape.Weight(parameters, layer).Address, new(input));
                }
            }

            var second = Delta(1).RowRange(row, rows);
            _device.AddGradient(second, FirstLayerRows(_zx, _zy, a, b, row, rows), gradients[1].Weight, accumulate);
            AddRows(second, gradients[1].Bias, accumulate);
        }
    }

    /// <summary>Gradients by columns of Wx x and Wy y, over these.</summary>
    private void BackwardColumns(Tensor weight, int xRows, int yRows, Tensor a, Tensor b, int column, int count)
    {
        if (!_idle.TryTake(out var memory))
            memory = new(_device.Allocate(_blockRows, Shape.Widths[0]), new(), new bool[XRows], new bool[YRows]);
        _device.Pack(weight.ColumnRange(column, count), false, memory.Weight);
        var (dzx, dzy) = (new RowSums(_zx, memory.HasX), new RowSums(_zy, memory.HasY));
        for (var start = 0; start < a.Rows; start += _blockRows)
        {
            var rows = Math.Min(_blockRows, a.Rows - start);
            var first = memory.Rows.Reshape(1, (int)memory.Rows.Count).ColumnRange(0, rows * count).Reshape(rows, count);
            _device.Product(Delta(1).RowRange(start, rows), memory.Weight, first, default);
            FirstLayerRows(_zx, _zy, a, b, start, rows).Scatter((float*)first.Address, column, count, dzx, dzy);
        }

        dzx.Finish(xRows, column, count);
        dzy.Finish(yRows, column, count);
        _idle.Add(memory);
    }

    /// <summary>The first layer's weights: dzx' x and dzy' y, and the sums of dzx.</summary>
    private void FirstLayer(Tensor x, Tensor y, Tensor gradient)
    {
        var weight = Shape.Weight(gradient, 0);
        var strips = Ceiling.Of(Shape.Widths[0], StripColumns);
        var parts = Math.Max(1, _device.FreeThreads / (2 * strips));
        _device.Share(2 * strips * parts, i =>
        {
            var (isY, strip, part) = (i % 2 == 1, i / 2 % strips, i / 2 / strips);
            var (input, dz, column) = isY ? (y, _zy.RowRange(0, y.Rows), Shape.XColumns) : (x, _zx.RowRange(0, x.Rows), 0);
            var (start, end) = (input.Columns * part / parts, input.Columns * (part + 1) / parts);
            var outputs = Math.Min(StripColumns, Shape.Widths[0] - strip * StripColumns);
            _device.AddGradient(
                dz.ColumnRange(strip * StripColumns, outputs),
                input.ColumnRange(start, end - start),
                weight.RowRange(strip * StripColumns, outputs).ColumnRange(column + start, end - start),
                false);
        });
        _device.SumRows(_zx.RowRange(0, x.Rows), Shape.Bias(gradient, 0));
    }

    private PairSumRows FirstLayerRows(Tensor zx, Tensor zy, Tensor a, Tensor b, int start, int rows) =>
        new(zx, zy, a.RowRange(start, rows), b.RowRange(start, rows))
        {
            Signs = (byte*)_signs.Address + (long)start * PairSumRows.SignBytes(Shape.Widths[0]),
        };

    /// <summary>A layer's gradients in a chunk's row.</summary>
    private (Tensor Weight, Tensor Bias) Partial(Tensor partial, int layer)
    {
        var start = 0;
        for (var before = 1; before < layer; before++)
            start += Shape.Widths[before] * (Shape.InputColumns(before) + 1);
        var (outputs, inputs) = (Shape.Widths[layer], Shape.InputColumns(layer));
        return (partial.ColumnRange(
            start, outputs * inputs).Reshape(outputs, inputs), partial.ColumnRange(start + outputs * inputs, outputs));
    }

    private static void AddRows(Tensor x, Tensor sums, bool accumulate) =>
        CriticLoops.SumRows((float*)x.Address, x.RowStride, x.Rows, x.Columns, (float*)sums.Address, accumulate);

    /// <summary>Gradient by the output of a layer before its activation.</summary>
    private Tensor Delta(int layer) => layer == LastLayer ? ScoreGradients : _inner[layer]!;

    /// <summary>
    /// What a thread works in: products of a block, its columns of the second layer's weights, and rows that have a gradient.
    /// </summary>
    private sealed record ThreadMemory(Tensor Rows, PackedRight Weight, bool[] HasX, bool[] HasY) : IDisposable
    {
        public void Dispose()
        {
            Rows.Dispose();
            Weight.Dispose();
        }
    }
}
