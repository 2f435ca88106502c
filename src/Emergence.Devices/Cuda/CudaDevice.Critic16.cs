using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>
/// Critics in bf16: products on tensor cores, everything between them and the optimizer's state in single precision.
/// The backward pass writes every gradient over the activations it belongs to.
/// </content>
public sealed unsafe partial class CudaDevice
{
    private const int SumColumns = 256, SumSlices = 8, LongClass = 16;

    public override CriticWorkspace CreateCriticWorkspace(CriticShape shape, int xRows, int yRows, int pairs) =>
        _arithmetic == DType.BFloat16 ? new CriticWorkspace16(this, new CriticPlan16(shape, xRows, yRows, pairs, HopperPairs != null)) : base.CreateCriticWorkspace(shape, xRows, yRows, pairs);

    protected override void CriticForwardCore(CriticWorkspace workspace, Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        if (workspace is CriticWorkspace16 memory)
            Forward(memory, parameters, x, y, a, b);
        else
            base.CriticForwardCore(workspace, parameters, x, y, a, b);
    }

    protected override void CriticBackwardCore(CriticWorkspace workspace, Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        if (workspace is CriticWorkspace16 memory)
            Backward(memory, parameters, x.Rows, y.Rows, a, b, gradient);
        else
            base.CriticBackwardCore(workspace, parameters, x, y, a, b, gradient);
    }

    /// <summary>
    /// Rounds the inputs, once for each pair of tensors. The first forward pass does it; a step that is recorded to be played
    /// again needs it done before.
    /// </summary>
    private void RoundInputs(CriticWorkspace workspace, Tensor x, Tensor y)
    {
        if (workspace is not CriticWorkspace16 memory || memory.Rounded == (x, y))
            return;
        ToBf16(x, memory.X.RowRange(0, x.Rows));
        ToBf16(y, memory.Y.RowRange(0, y.Rows));
        memory.Rounded = (x, y);
    }

    private void Forward(CriticWorkspace16 memory, Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        var (shape, plan, pairs) = (memory.Shape, memory.Plan, a.Rows);
        RoundInputs(memory, x, y);
        Launch(KernelTable.WeightsToBf16, new(Blocks(plan.WeightEights, KernelTable.WeightsToBf16.Threads)), parameters, memory.WeightTable, memory.WeightTable.Rows, memory.XWeight, plan.WeightEights);

        var (zx, zy) = (memory.Zx(x.Rows), memory.Zy(y.Rows));
        ProductActivated(ProductLayout.NT, memory.X.RowRange(0, x.Rows), memory.XWeight, zx, shape.Bias(parameters, 0), Activation.None);
        ProductActivated(ProductLayout.NT, memory.Y.RowRange(0, y.Rows), memory.YWeight, zy, null, Activation.None);
        if (plan.FormsPairs)
        {
            HopperPairs!.Forward(new(zx, a, zy, b, true), memory.Weights[0], shape.Bias(parameters, 1), memory.Activations[1].RowRange(0, pairs), memory.Signs!);
        }
        else
        {
            var first = memory.Activations[0].RowRange(0, pairs);
            Launch(KernelTable.AddPairsBf16, Eights(pairs, first.Columns), zx, zx.RowStride, a, a.RowStride, zy, zy.RowStride, b, b.RowStride, first, first.RowStride, pairs, first.Columns);
        }

        for (var layer = plan.FormsPairs ? 2 : 1; layer < plan.TailStart; layer++)
            ProductActivated(ProductLayout.NT, memory.Activations[layer - 1].RowRange(0, pairs), memory.Weights[layer - 1], memory.Activations[layer].RowRange(0, pairs), shape.Bias(parameters, layer), Activation.LeakyRelu);

        var (input, length) = (memory.Activations[^1], plan.TailLength(pairs));
        var blocks = new Grid(Blocks(pairs, length));
        if (plan.TailFitsMma)
            Launch(KernelTable.CriticTailMma, blocks, input, input.RowStride, memory.TailWidths, Tail(plan, parameters), memory.Scores, memory.Scores.RowStride, pairs, length);
        else
            Launch(KernelTable.CriticTail, blocks, input, input.RowStride, memory.TailWidths, memory.TailWidths.Rows - 1, Tail(plan, parameters), memory.Scores, memory.Scores.RowStride, pairs, length, plan.TailTile);
    }

    private void Backward(CriticWorkspace16 memory, Tensor parameters, int xRows, int yRows, Tensor a, Tensor b, Tensor gradient)
    {
        var (shape, plan, pairs) = (memory.Shape, memory.Plan, a.Rows);
        BackwardTail(memory, parameters, pairs, gradient);
        for (var layer = plan.TailStart - 1; layer >= 1; layer--)
        {
            var (delta, input) = (memory.Activations[layer].RowRange(0, pairs), memory.Activations[layer - 1].RowRange(0, pairs));
            var isFormed = layer == 1 && plan.FormsPairs;
            if (isFormed)
                ProductOfPairs(memory, new(memory.Zx(xRows), a, memory.Zy(yRows), b, true), delta, shape.Weight(gradient, 1), isTransposed: true);
            else
                ProductSplit(delta, input, shape.Weight(gradient, layer), memory.Parts);
            SumRows(memory, delta, shape.Bias(gradient, layer));
            if (isFormed)
                ProductMasked(delta, memory.Weights[0], input, memory.Signs!);
            else
                ProductGradient(ProductLayout.NN, delta, memory.Weights[layer - 1], input);
        }

        var (first, weight, bias) = (memory.Activations[0].RowRange(0, pairs), shape.Weight(gradient, 0), shape.Bias(gradient, 0));
        BackwardFirst(memory, first, a, memory.ByA, memory.X.RowRange(0, xRows), memory.ZxGradient(xRows), weight.ColumnRange(0, shape.XColumns), bias);
        BackwardFirst(memory, first, b, memory.ByB, memory.Y.RowRange(0, yRows), memory.ZyGradient(yRows), weight.ColumnRange(shape.XColumns, shape.YColumns), null);
    }

    /// <summary>Gradients of the first layer by its weights for one input and, for one of the two, by its bias.</summary>
    private void BackwardFirst(CriticWorkspace16 memory, Tensor delta, Tensor index, PairOrder order, Tensor x, Tensor dz, Tensor weight, Tensor? bias)
    {
        if (memory.Plan.FormsPairs && order.IsOfTwos)
        {
            if (order.Kept != index)
                OrderTwos(index, order);
            ProductOfPairs(memory, new(delta, order.OfTwos(0, x.Rows), delta, order.OfTwos(1, x.Rows), false), x, weight, isTransposed: false, bias);
            return;
        }

        SumByIndex(memory, delta, index, order, dz);
        ProductSplit(dz, x, weight, memory.Parts);
        if (bias != null)
            SumRows(memory, dz, bias);
    }

    /// <summary>y = rows' x, or its transpose; sums = the sums of the columns of rows.</summary>
    private void ProductOfPairs(CriticWorkspace16 memory, PairRows rows, Tensor x, Tensor y, bool isTransposed, Tensor? sums = null)
    {
        var most = ProductPartCount(x.Rows);
        var sumParts = sums == null ? null : memory.Parts.ColumnRange(checked(most * y.Rows * y.Columns), most * sums.Columns);
        var count = HopperPairs!.ByRows(rows, x, memory.Parts, isTransposed, sumParts, most);
        AddProductParts(memory.Parts, count, y);
        if (sums != null)
            AddParts(sumParts!, count, sums);
    }

    private void BackwardTail(CriticWorkspace16 memory, Tensor parameters, int pairs, Tensor gradient)
    {
        var (plan, input, length) = (memory.Plan, memory.Activations[^1], memory.Plan.TailLength(pairs));
        var blocks = Blocks(pairs, length);
        if (plan.TailFitsMma)
            Launch(KernelTable.CriticTailMmaGradient, new(blocks), input, input.RowStride, memory.TailWidths, Tail(plan, parameters), memory.ScoreGradients, memory.ScoreGradients.RowStride, memory.Parts, pairs, length);
        else
            Launch(KernelTable.CriticTailGradient, new(blocks), input, input.RowStride, memory.TailWidths, memory.TailWidths.Rows - 1, Tail(plan, parameters), memory.ScoreGradients, memory.ScoreGradients.RowStride, memory.Parts, pairs, length, plan.TailTile);
        AddParts(memory.Parts, blocks, Tail(plan, gradient));
    }

    /// <summary>The tail's part of parameters or their gradient.</summary>
    private static Tensor Tail(CriticPlan16 plan, Tensor parameters) => parameters.ColumnRange(parameters.Columns - plan.TailParameters, plan.TailParameters);

    /// <summary>y = the rows of <paramref name="parts"/>, added in a fixed order.</summary>
    private void AddParts(Tensor parts, int count, Tensor y) =>
        Launch(KernelTable.SumParts, new(Blocks(y.Columns, CriticPlan16.RowUnit)), parts, count, y, y.Columns);

    private void SumRows(CriticWorkspace16 memory, Tensor x, Tensor sums)
    {
        var length = CriticPlan16.SumLength(x.Rows);
        var (chunks, across) = (Blocks(x.Rows, length), Math.Min(Blocks(x.Columns, CriticPlan16.RowUnit), KernelTable.SumRowsBf16.Threads));
        Launch(KernelTable.SumRowsBf16, new(Blocks(x.Columns, across * CriticPlan16.RowUnit), chunks), x, x.RowStride, memory.Parts, x.Rows, x.Columns, length, across);
        AddParts(memory.Parts, chunks, sums);
    }

    /// <summary>As the op of this name, by a stable sort of the rows.</summary>
    private void SumByIndex(CriticWorkspace16 memory, Tensor x, Tensor index, PairOrder order, Tensor sums)
    {
        var (rows, classes) = (x.Rows, sums.Rows);
        if (order.Kept != index)
            Sort(memory.Sort, index, classes, order);
        var slices = rows / Math.Max(1, classes) >= LongClass ? SumSlices : 1;
        var jobs = classes * Blocks(x.Columns, SumColumns);
        Launch(KernelTable.SumByIndexBf16, new(slices == 1 ? Blocks(jobs, SumSlices) : jobs), x, x.RowStride, order.Starts, order.Pairs, sums, sums.RowStride, classes, x.Columns, slices);
    }

    /// <summary>Sorts the pairs by classes that stay as they are, so that no later pass has to.</summary>
    private void Keep(CriticWorkspace16 memory, Tensor index, int classes, PairOrder order)
    {
        if (order.IsOfTwos)
            OrderTwos(index, order);
        else
            Sort(memory.Sort, index, classes, order);
        order.Kept = index;
    }

    private void OrderTwos(Tensor index, PairOrder order) =>
        Launch(KernelTable.OrderTwos, new(Blocks(index.Rows, KernelTable.OrderTwos.Threads)), index, index.RowStride, index.Rows / 2, order.Pairs);

    private void ToBf16(Tensor x, Tensor y) =>
        Launch(KernelTable.ToBf16, Eights(y.Rows, y.Columns), x, x.RowStride, Code(x), y, y.RowStride, y.Rows, y.Columns);

    /// <summary>A grid of one thread for 8 columns.</summary>
    private static Grid Eights(int rows, int columns) => new(Blocks(checked(rows * Blocks(columns, CriticPlan16.RowUnit)), 256));
}
