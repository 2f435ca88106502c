using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Cuda.Ops;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>
/// A critic in bf16: products on tensor cores, everything between them and the optimizer's state in single precision. The
/// backward pass writes every gradient over the activations it belongs to. Where products can form A(0) as they go, it is never
/// stored, only its signs are; Zx and Zy then stay until the gradient of A(0) takes their place.
/// </summary>
internal sealed class CriticBf16 : Critic
{
    private readonly CudaDevice _device;
    private readonly CriticBf16Plan _plan;
    private readonly List<Tensor> _owned = [];

    /// <summary>x and y in bf16.</summary>
    private readonly Tensor _x, _y;

    /// <summary>(w, dx) and (w, dy) of the first layer, then (out, in) of layers 1 .. below the tail, all bf16.</summary>
    private readonly Tensor[] _weights;

    /// <summary>(n, 4) Int32, as weights_to_bf16 reads it.</summary>
    private readonly Tensor _weightTable;

    /// <summary>(n, 1) Int32.</summary>
    private readonly Tensor _tailWidths;

    /// <summary>(R, width) bf16: outputs of the layers below the tail, the last is its input; then their gradients.</summary>
    private readonly Tensor[] _activations;

    /// <summary>(1, n) Int32: signs of A(0), if products form it.</summary>
    private readonly Tensor? _signs;

    /// <summary>Zx and Zy, unless they lie where A(0) does; then A(1) .. below the tail; then the gradients of Zx and Zy.</summary>
    private readonly Tensor _shared;

    /// <summary>A(0), then its gradient; or Zx and Zy, then the gradient of A(0).</summary>
    private readonly Tensor _first;

    /// <summary>The tensors that x and y were rounded from; they do not change during a training.</summary>
    private (Tensor? X, Tensor? Y) _rounded;

    public CriticBf16(CudaDevice device, CriticBf16Plan plan, int xRows, int yRows, int pairs)
        : base(plan.Shape, xRows, yRows, pairs)
    {
        (_device, _plan) = (device, plan);
        try
        {
            var width = Bf16Rows.Bytes(Shape.Widths[0]);
            var xBytes = xRows * Bf16Rows.Bytes(Shape.XColumns);
            var inputs = Own(DType.BFloat16, xBytes + (yRows * Bf16Rows.Bytes(Shape.YColumns)));
            _x = Bf16Rows.At(inputs.Buffer, 0, xRows, Shape.XColumns);
            _y = Bf16Rows.At(inputs.Buffer, xBytes, yRows, Shape.YColumns);
            (_weights, _weightTable) = OwnWeights();
            _shared = Own(
                DType.BFloat16, Math.Max((long)(xRows + yRows) * width, InnerWidths().Sum(inner => pairs * Bf16Rows.Bytes(inner))));
            _first = Own(DType.BFloat16, Math.Max(pairs, plan.FormsPairs ? (long)xRows + yRows : 0) * width);
            _activations = CutActivations();
            _signs = plan.FormsPairs ? Own(DType.Int32, ProductSm90Ops.SignWords(pairs, Shape.Widths[0]) * sizeof(int)) : null;
            ByA = new(Own(DType.Int32, sizeof(int) * PairOrder.Elements(pairs, xRows)), pairs);
            ByB = new(Own(DType.Int32, sizeof(int) * PairOrder.Elements(pairs, yRows)), pairs);
            Scores = Own(DType.Float32, (long)pairs * sizeof(float)).Reshape(pairs, 1);
            ScoreGradients = Own(DType.Float32, (long)pairs * sizeof(float)).Reshape(pairs, 1);
            _tailWidths = device.AllocateIndices([.. plan.Tail.Widths]);
            _owned.Add(_tailWidths);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override Tensor Scores { get; }

    public override Tensor ScoreGradients { get; }

    /// <summary>The pairs by their row of x.</summary>
    private PairOrder ByA { get; }

    /// <summary>The pairs by their row of y.</summary>
    private PairOrder ByB { get; }

    private CudaQueue Queue => _device.Queue;

    /// <summary>
    /// Does what is alike in every step, so that a step which is recorded, to be played again, need not: the inputs are rounded,
    /// and pairs that stay are put in order.
    /// </summary>
    /// <param name="training">The one that this critic is of.</param>
    /// <param name="keepsA">Whether every step has the same rows of x.</param>
    /// <param name="keepsB">Whether every step has the same rows of y.</param>
    /// <param name="hasTwoPairsPerClass">Whether every row of x and of y is in one pair of the first half and in one of the last.</param>
    public void BeforeSteps(CriticTraining training, bool keepsA, bool keepsB, bool hasTwoPairsPerClass)
    {
        RoundInputs(training.X, training.Y);
        ByA.HasTwoPairsPerClass = ByB.HasTwoPairsPerClass = _plan.FormsPairs && hasTwoPairsPerClass;
        if (keepsA)
            Keep(training.A, training.X.Rows, ByA);
        if (keepsB)
            Keep(training.B, training.Y.Rows, ByB);
    }

    public override void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

    protected override void ForwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        var (queue, pairs) = (Queue, a.Rows);
        RoundInputs(x, y);
        queue.WeightsToBf16(parameters, _weightTable, _weights);
        var (zx, zy) = (Zx(x.Rows), Zy(y.Rows));
        var bias = Shape.Bias(parameters, 0);
        queue.Product(ProductLayout.NT, _x.RowRange(0, x.Rows), _weights[0], zx, ProductEpilogue.Activated, bias);
        queue.Product(ProductLayout.NT, _y.RowRange(0, y.Rows), _weights[1], zy, ProductEpilogue.Activated);
        if (_plan.FormsPairs)
            queue.PairProductForward(new(zx, a, zy, b, true), Weight(1), Shape.Bias(parameters, 1), Activations(1, pairs), _signs!);
        else
            queue.AddPairsBf16(zx, a, zy, b, Activations(0, pairs));
        for (var layer = _plan.FormsPairs ? 2 : 1; layer < _plan.TailStart; layer++)
        {
            queue.Product(
                ProductLayout.NT, Activations(layer - 1, pairs), Weight(layer), Activations(layer, pairs), ProductEpilogue.Activated,
                Shape.Bias(parameters, layer), Activation.LeakyRelu);
        }

        var input = Activations(_plan.TailStart - 1, pairs);
        if (CriticTailMmaOps.Fits(_plan.Tail))
            queue.CriticTailMma(_plan.Tail, _tailWidths, input, parameters, Scores);
        else
            queue.CriticTail(_plan.Tail, _tailWidths, input, parameters, Scores);
    }

    protected override void BackwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        var (queue, pairs) = (Queue, a.Rows);
        var tailInput = Activations(_plan.TailStart - 1, pairs);
        if (CriticTailMmaOps.Fits(_plan.Tail))
            queue.CriticTailMmaGradient(_plan.Tail, _tailWidths, tailInput, parameters, ScoreGradients, gradient);
        else
            queue.CriticTailGradient(_plan.Tail, _tailWidths, tailInput, parameters, ScoreGradients, gradient);
        for (var layer = _plan.TailStart - 1; layer >= 1; layer--)
        {
            var (delta, input) = (Activations(layer, pairs), Activations(layer - 1, pairs));
            var isFormed = layer == 1 && _plan.FormsPairs;
            if (isFormed)
                ProductOfPairs(new(Zx(x.Rows), a, Zy(y.Rows), b, true), delta, Shape.Weight(gradient, 1), isTransposed: true);
            else
                queue.ProductOverRows(delta, input, Shape.Weight(gradient, layer));
            queue.SumRowsBf16(delta, Shape.Bias(gradient, layer));
            if (isFormed)
                queue.ProductSm90(ProductLayout.NN, delta, Weight(1), input, ProductEpilogue.Masked, signs: _signs);
            else
                queue.Product(ProductLayout.NN, delta, Weight(layer), input, ProductEpilogue.Gradient);
        }

        var (first, weight, bias) = (Activations(0, pairs), Shape.Weight(gradient, 0), Shape.Bias(gradient, 0));
        var (ofX, ofY) = (weight.ColumnRange(0, Shape.XColumns), weight.ColumnRange(Shape.XColumns, Shape.YColumns));
        BackwardFirst(first, a, ByA, _x.RowRange(0, x.Rows), RowsOfZ(_shared, 0, x.Rows), ofX, bias);
        BackwardFirst(first, b, ByB, _y.RowRange(0, y.Rows), RowsOfZ(_shared, XRows, y.Rows), ofY, null);
    }

    /// <summary>Gradients of the first layer by its weights for one input and, for one of the two, by its bias.</summary>
    private void BackwardFirst(Tensor delta, Tensor index, PairOrder order, Tensor x, Tensor dz, Tensor weight, Tensor? bias)
    {
        if (order.HasTwoPairsPerClass)
        {
            if (order.Kept != index)
                Queue.OrderTwos(index, order);
            var rows = new PairSumOperand(delta, order.PairOfClass(0, x.Rows), delta, order.PairOfClass(1, x.Rows), false);
            ProductOfPairs(rows, x, weight, isTransposed: false, bias);
            return;
        }

        Queue.SumByIndexBf16(delta, index, order, dz);
        Queue.ProductOverRows(dz, x, weight);
        if (bias != null)
            Queue.SumRowsBf16(dz, bias);
    }

    /// <summary>y = rows' x, or its transpose; sums = the sums of the columns of rows.</summary>
    private void ProductOfPairs(PairSumOperand rows, Tensor x, Tensor y, bool isTransposed, Tensor? sums = null)
    {
        var (queue, most) = (Queue, ProductOps.PartialSums(x.Rows));
        var (bytes, sumBytes) = (most * y.Count * sizeof(float), (long)most * (sums?.Columns ?? 0) * sizeof(float));
        using var held = queue.Scratch(bytes + sumBytes, out var scratch);
        KernelArgument partials = scratch, columnSums = (ulong)(scratch.Address + bytes);
        var count = queue.PairProductByRows(rows, x, partials, isTransposed, sums == null ? (KernelArgument?)null : columnSums, most);
        queue.AddPartialSums(partials, count, y);
        if (sums != null)
            queue.SumPartials(columnSums, count, sums);
    }

    private void RoundInputs(Tensor x, Tensor y)
    {
        if (_rounded == (x, y))
            return;
        Queue.ToBf16(x, _x.RowRange(0, x.Rows));
        Queue.ToBf16(y, _y.RowRange(0, y.Rows));
        _rounded = (x, y);
    }

    /// <summary>Puts pairs in the order of classes that stay as they are, so that no later pass has to.</summary>
    private void Keep(Tensor index, int classes, PairOrder order)
    {
        if (order.HasTwoPairsPerClass)
            Queue.OrderTwos(index, order);
        else
            Queue.SortByClass(index, classes, order);
        order.Kept = index;
    }

    /// <summary>(out, in) bf16 of layer 1 .. below the tail.</summary>
    private Tensor Weight(int layer) => _weights[layer + 1];

    private Tensor Activations(int layer, int pairs) => _activations[layer].RowRange(0, pairs);

    /// <summary>Zx (Kx, w), bf16.</summary>
    private Tensor Zx(int rows) => RowsOfZ(_plan.FormsPairs ? _first : _shared, 0, rows);

    /// <summary>Zy (Ky, w), bf16.</summary>
    private Tensor Zy(int rows) => RowsOfZ(_plan.FormsPairs ? _first : _shared, XRows, rows);

    private Tensor RowsOfZ(Tensor memory, int row, int rows) =>
        Bf16Rows.At(memory.Buffer, row * Bf16Rows.Bytes(Shape.Widths[0]), rows, Shape.Widths[0]);

    /// <summary>Outputs of layers 1 .. below the tail.</summary>
    private IEnumerable<int> InnerWidths() => Shape.Widths.Skip(1).Take(_plan.TailStart - 1);

    private Tensor Own(DType type, long bytes)
    {
        // Rows of 16 bytes: the number of columns of one row may be too large for an int.
        var tensor = type == DType.BFloat16
            ? _device.Allocate(type, checked((int)Math.Max(1, bytes / (Bf16Rows.Unit * sizeof(ushort)))), Bf16Rows.Unit)
            : _device.Allocate(type, 1, checked((int)(bytes / type.Size())));
        _owned.Add(tensor);
        return tensor;
    }

    private (Tensor[] Weights, Tensor Table) OwnWeights()
    {
        var matrices = _plan.WeightMatrices().ToList();
        var memory = Own(DType.BFloat16, matrices.Sum(matrix => matrix.Rows * Bf16Rows.Bytes(matrix.Columns)));
        var (at, weights, table) = (0L, new List<Tensor>(), new List<int>());
        foreach (var (start, stride, rows, columns) in matrices)
        {
            weights.Add(Bf16Rows.At(memory.Buffer, at, rows, columns));
            table.AddRange([start, stride, columns, checked((int)(at / (Bf16Rows.Unit * sizeof(ushort))))]);
            at += rows * Bf16Rows.Bytes(columns);
        }

        var indices = _device.AllocateIndices([.. table]);
        _owned.Add(indices);
        return ([.. weights], indices.Reshape(matrices.Count, 4));
    }

    private Tensor[] CutActivations()
    {
        var (at, all) = (0L, new List<Tensor> { Bf16Rows.At(_first.Buffer, 0, Pairs, Shape.Widths[0]) });
        foreach (var width in InnerWidths())
        {
            all.Add(Bf16Rows.At(_shared.Buffer, at, Pairs, width));
            at += Pairs * Bf16Rows.Bytes(width);
        }

        return [.. all];
    }
}
