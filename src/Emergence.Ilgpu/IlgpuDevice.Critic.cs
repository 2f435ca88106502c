using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Ilgpu.Kernels;
using ILGPU;

namespace Emergence.Ilgpu;

/// <content>The ops that train statistics networks.</content>
public sealed partial class IlgpuDevice
{
    // Rows of a part of a sum over all rows, and of a sum over those of a class: the parts are summed after them.
    private const int SumPart = 256, ClassPart = 64;

    protected override void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y)
    {
        var elements = Elements.Of(y.Rows, y.Columns);
        _machine.Launch(
            Elementwise.AddPairs, elements.Config,
            new Elementwise.AddPairsArguments(MatrixOf(zx), IntegersOf(a), MatrixOf(zy), IntegersOf(b), MatrixOf(y), elements));
    }

    protected override void LeakyReluGradientCore(Tensor y, Tensor dy)
    {
        var elements = Elements.Of(y.Rows, y.Columns);
        _machine.Launch(
            Elementwise.LeakyReluGradient, elements.Config,
            new Elementwise.LeakyReluGradientArguments(MatrixOf(y), MatrixOf(dy), elements));
    }

    protected override void SumRowsCore(Tensor x, Tensor sums) => SumAll(x, null, sums);

    protected override void SumWeightedRowsCore(Tensor x, Tensor weights, Tensor sums) => SumAll(x, weights, sums);

    /// <summary>
    /// The host sorts the rows by class, for an index is small beside what is summed, and a sort that keeps the order is simple there.
    /// Long classes are summed in parts, then the parts.
    /// </summary>
    protected override void SumByIndexCore(Tensor x, Tensor index, Tensor sums)
    {
        if (sums.Count == 0)
            return;
        lock (_machine.Gate)
        {
            var classes = new int[index.Rows];
            Download(index, MemoryMarshal.AsBytes(classes.AsSpan()));
            var (order, parts, partsOfClass) = Sort(classes, sums.Rows);
            var scratch = _machine.Scratch<int>(order.Length + parts.Length + partsOfClass.Length + ((parts.Length - 1L) * x.Columns));
            int[] integers = [.. order, .. parts, .. partsOfClass];
            _machine.Upload(integers, scratch.SubView(0, integers.Length));
            var partSums = new Matrix(scratch.SubView(integers.Length).Cast<float>(), x.Columns);
            Sum(
                MatrixOf(x), new(ArrayView<float>.Empty, 0), scratch.SubView(0, order.Length), scratch.SubView(order.Length, parts.Length),
                order.Length, partSums, parts.Length - 1, x.Columns);
            Sum(
                partSums, new(ArrayView<float>.Empty, 0), ArrayView<int>.Empty,
                scratch.SubView(order.Length + parts.Length, partsOfClass.Length), parts.Length - 1, MatrixOf(sums), sums.Rows, x.Columns);
        }
    }

    /// <summary>
    /// Parts of the rows go to the host, which joins them in order. A device without double precision lets the host do it all.
    /// </summary>
    protected override CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        if (!_machine.HasDouble)
            return DonskerVaradhanOnHost(scores, joint, marginal, gradient);
        var all = Partition.None;
        lock (_machine.Gate)
        {
            var parts = new Partition[Grids.Blocks(scores.Rows, Objective.PartLength)];
            var memory = _machine.Scratch<Partition>(parts.Length);
            _machine.Launch(
                Objective.DonskerVaradhan, Grids.Of(parts.Length, 1, 1, Objective.Threads),
                new Objective.Arguments(MatrixOf(scores), MatrixOf(joint), MatrixOf(marginal), memory, scores.Rows));
            _machine.Download(memory.SubView(0, parts.Length), parts.AsSpan());
            foreach (var part in parts)
                all = Partition.Join(all, part);
        }

        // What is not a number is rare and ends a training: the host tells how much of it there is, whatever a device's compiler does.
        if (!double.IsFinite(all.Joint + all.Sum))
            return DonskerVaradhanOnHost(scores, joint, marginal, gradient);
        if (gradient != null)
        {
            _machine.Launch(
                Objective.DonskerVaradhanGradient, Grids.Of(Grids.Blocks(scores.Rows, Objective.Threads), 1, 1, Objective.Threads),
                new Objective.GradientArguments(
                    MatrixOf(scores), MatrixOf(joint), MatrixOf(marginal), all.Max, all.Sum, MatrixOf(gradient), scores.Rows));
        }

        return all.Value;
    }

    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step) =>
        _machine.Launch(
            Objective.Adam, Grids.Of(Grids.Blocks(parameters.Columns, Objective.Threads), 1, 1, Objective.Threads),
            new Objective.AdamArguments(
                MatrixOf(parameters), MatrixOf(gradient), MatrixOf(first), MatrixOf(second), (float)(rate / (1 - Math.Pow(0.9, step))),
                (float)(1 / (1 - Math.Pow(0.999, step))), parameters.Columns));

    internal CriticValue DonskerVaradhanOnHost(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        var (t, p, q) = (Read(scores), Read(joint), Read(marginal));
        var all = Partition.None;
        for (var row = 0; row < t.Length; row++)
            all = Partition.Join(all, Partition.Of(t[row], p[row], q[row]));
        if (gradient != null)
        {
            for (var row = 0; row < t.Length; row++)
                t[row] = Partition.Gradient(t[row], p[row], q[row], all.Max, all.Sum);

            // A gradient is a column of its own, or rows of one.
            for (var row = 0; row < (gradient.IsDense ? 0 : t.Length); row++)
                Upload(MemoryMarshal.AsBytes(t.AsSpan(row, 1)), gradient.RowRange(row, 1));
            if (gradient.IsDense)
                Upload(MemoryMarshal.AsBytes(t.AsSpan()), gradient);
        }

        return all.Value;

        float[] Read(Tensor tensor)
        {
            var values = new float[tensor.Rows];
            Download(tensor, values.AsSpan());
            return values;
        }
    }

    /// <summary>Rows in the order of their classes, the first of each part of that order, and the first part of each class.</summary>
    private static (int[] Order, int[] Parts, int[] PartsOfClass) Sort(int[] classes, int count)
    {
        var next = new int[count + 1];
        foreach (var k in classes)
            next[k + 1]++;
        List<int> parts = [];
        var partsOfClass = new int[count + 1];
        for (var k = 0; k < count; k++)
        {
            next[k + 1] += next[k];
            for (var start = next[k]; start < next[k + 1]; start += ClassPart)
                parts.Add(start);
            partsOfClass[k + 1] = parts.Count;
        }

        parts.Add(classes.Length);
        var order = new int[classes.Length];
        for (var row = 0; row < classes.Length; row++)
            order[next[classes[row]]++] = row;
        return (order, [.. parts], partsOfClass);
    }

    /// <summary>Parts of <see cref="SumPart"/> rows, then parts of these, until one is left.</summary>
    private void SumAll(Tensor x, Tensor? weights, Tensor sums)
    {
        lock (_machine.Gate)
        {
            var needed = 0L;
            for (var rows = x.Rows; rows > SumPart;)
                needed += (long)(rows = Grids.Blocks(rows, SumPart)) * x.Columns;
            var scratch = _machine.Scratch<float>(needed);
            var (from, factors, left, used) = (MatrixOf(x), MatrixOf(weights), x.Rows, 0L);
            while (left > SumPart)
            {
                var parts = Grids.Blocks(left, SumPart);
                var to = new Matrix(scratch.SubView(used, (long)parts * x.Columns), x.Columns);
                Sum(from, factors, ArrayView<int>.Empty, ArrayView<int>.Empty, left, to, parts, x.Columns);
                used += (long)parts * x.Columns;
                (from, factors, left) = (to, new(ArrayView<float>.Empty, 0), parts);
            }

            Sum(from, factors, ArrayView<int>.Empty, ArrayView<int>.Empty, left, MatrixOf(sums), 1, x.Columns);
        }
    }

    private void Sum(
        Matrix x, Matrix weights, ArrayView<int> order, ArrayView<int> starts, int rows, Matrix y, int segments, int columns)
    {
        var shift = Math.Min(6, Elements.Of(1, columns).Shift);
        _machine.Launch(
            Sums.Segments, Grids.Of(segments, Grids.Blocks(columns, 1 << shift), 1, Sums.Threads),
            new Sums.Arguments(x, weights, order, starts, SumPart, rows, y, columns, shift));
    }
}
