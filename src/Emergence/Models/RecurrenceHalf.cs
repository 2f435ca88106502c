using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>The recurrence of a block, up to its last projection.</summary>
internal sealed class RecurrenceHalf(Device device)
{
    /// <summary>Added to the squared length that queries and keys of a delta rule are divided by.</summary>
    private const double LengthEpsilon = 1e-6;

    /// <summary>What the recurrence yields for the rows that are not context, (N - c, mixed width).</summary>
    /// <param name="weights">Weights of the block's recurrence.</param>
    /// <param name="part">What it computes.</param>
    /// <param name="rows">N rows, c of them context.</param>
    /// <param name="input">(N, d).</param>
    /// <param name="memory">For N rows or more.</param>
    public Tensor Mix(RecurrenceWeights weights, RecurrencePart part, TokenRows rows, Tensor input, BlockMemory memory)
    {
        var projected = memory.Take(Slot.Projected, rows.Count, part.ProjectedWidth);
        var column = 0;
        foreach (var linear in weights.Input)
        {
            linear.Apply(device, input, projected.ColumnRange(column, linear.OutputCount));
            column += linear.OutputCount;
        }

        var mixed = memory.Take(Slot.Recurred, rows.Count, part.MixedWidth);
        switch (part)
        {
            case ShortConvolutionPart convolution:
                Convolve(weights, convolution, rows, projected, mixed, memory);
                break;
            case ScanPart scan:
                Scan(weights, scan, rows, projected, mixed, memory);
                break;
            case DeltaPart delta:
                Change(weights, delta, rows, projected, mixed, memory);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(part), part, "no recurrence of a block");
        }

        return mixed.RowRange(rows.Context, rows.Own);
    }

    private void Convolve(
        RecurrenceWeights weights, ShortConvolutionPart part, TokenRows rows, Tensor projected, Tensor mixed, BlockMemory memory)
    {
        var width = part.Width;
        var (before, after, x) =
            (projected.ColumnRange(0, width), projected.ColumnRange(width, width), projected.ColumnRange(2 * width, width));
        var convolved = memory.Take(Slot.Convolved, rows.Count, width);
        device.Gate(before, x, Activation.None, x);
        device.ConvolvePaths(x, rows.Paths, weights.Taps, weights.TapsBias, Activation.None, convolved);
        device.Gate(after, convolved, Activation.None, mixed);
    }

    private void Scan(RecurrenceWeights weights, ScanPart part, TokenRows rows, Tensor projected, Tensor mixed, BlockMemory memory)
    {
        var (width, states) = (part.Width, part.StateColumns);
        ScaleColumns(part, projected);
        var convolved = memory.Take(Slot.Convolved, rows.Count, part.ConvolvedWidth);
        var before = projected.ColumnRange(part.StepRank == null ? width : 0, part.ConvolvedWidth);
        device.ConvolvePaths(before, rows.Paths, weights.Taps, weights.TapsBias, part.Activation, convolved);

        Tensor steps, into, read;
        if (part.StepRank is { } rank)
        {
            var narrow = memory.Take(Slot.NarrowRow, rows.Count, part.NarrowWidth);
            weights.Narrow!.Apply(device, convolved, narrow);
            (into, read) = (narrow.ColumnRange(rank, states), narrow.ColumnRange(rank + states, states));
            if (part.NarrowNorm is { } norm)
            {
                foreach (var columns in (Tensor[])[narrow.ColumnRange(0, rank), into, read])
                    new Norm(norm, null, null).Apply(device, columns, columns);
            }

            steps = memory.Take(Slot.Steps, rows.Count, part.Heads);
            weights.Steps!.Apply(device, narrow.ColumnRange(0, rank), steps);
        }
        else
        {
            steps = projected.ColumnRange(width + part.ConvolvedWidth, part.Heads);
            (into, read) = (convolved.ColumnRange(width, states), convolved.ColumnRange(width + states, states));
        }

        var shape = new ScanShape(part.Heads, part.Groups, weights.LogRates!, weights.Skip!)
        {
            StepBias = weights.StepBias,
            LeastStep = (float)part.LeastStep,
            MostStep = (float)part.MostStep,
        };
        device.ScanPaths(convolved.ColumnRange(0, width), steps, into, read, rows.Paths, shape, mixed);

        var gate = projected.ColumnRange(part.StepRank == null ? 0 : width, width);
        if (part.NormFirst)
            NormGroups(weights.Norm, part.Groups, mixed);
        device.Gate(gate, mixed, part.GateActivation, mixed);
        if (!part.NormFirst)
            NormGroups(weights.Norm, part.Groups, mixed);
    }

    private void ScaleColumns(ScanPart part, Tensor projected)
    {
        if (part.ColumnScales.Count == 0)
            return;
        int[] widths = [part.Width, part.Width, part.StateColumns, part.StateColumns, part.Heads];
        var start = 0;
        foreach (var (width, factor) in widths.Zip(part.ColumnScales))
        {
            var columns = projected.ColumnRange(start, width);
            device.Scale(columns, (float)factor, columns);
            start += width;
        }
    }

    private void NormGroups(Norm? norm, int groups, Tensor x)
    {
        if (norm == null)
            return;
        var width = x.Columns / groups;
        for (var start = 0; start < x.Columns; start += width)
        {
            var columns = x.ColumnRange(start, width);
            (norm with { Weight = norm.Weight!.ColumnRange(start, width) }).Apply(device, columns, columns);
        }
    }

    private void Change(RecurrenceWeights weights, DeltaPart part, TokenRows rows, Tensor projected, Tensor mixed, BlockMemory memory)
    {
        var (key, value, heads, width) = (part.KeyWidth, part.ValueWidth, part.ValueHeads, part.ConvolvedWidth);
        var convolved = memory.Take(Slot.Convolved, rows.Count, width);
        device.ConvolvePaths(projected.ColumnRange(0, width), rows.Paths, weights.Taps, weights.TapsBias, Activation.Silu, convolved);

        // Every head of queries and keys gets the length of 1, queries then the scale of attention.
        var (q, k) = (convolved.ColumnRange(0, key), convolved.ColumnRange(key, key));
        for (var start = 0; start < 2 * key; start += part.KeySize)
        {
            var head = convolved.ColumnRange(start, part.KeySize);
            device.RmsNorm(head, null, (float)(LengthEpsilon / part.KeySize), head);
        }

        device.Scale(q, 1f / part.KeySize, q);
        device.Scale(k, (float)(1 / Math.Sqrt(part.KeySize)), k);

        var (gates, steps) = (projected.ColumnRange(width + value, heads), projected.ColumnRange(width + value + heads, heads));
        device.DeltaPaths(q, k, convolved.ColumnRange(2 * key, value), steps, gates, rows.Paths,
            new(part.KeyHeads, heads, weights.LogRates!, weights.StepBias!), mixed);
        var each = mixed.Reshape(mixed.Rows * heads, part.ValueSize);
        weights.Norm!.Apply(device, each, each);
        device.Gate(projected.ColumnRange(width, value), mixed, Activation.Silu, mixed);
    }
}
