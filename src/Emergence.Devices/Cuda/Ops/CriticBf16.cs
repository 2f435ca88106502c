using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/critic_bf16.cu: what a critic in bf16 does between its products.</summary>
internal static class CriticBf16Ops
{
    // Partial sums over rows: so many at most, none of fewer rows.
    private const int MostPartialSums = 1024, LeastLength = 128;

    // A warp sums so many columns; where classes are long, so many warps share one.
    private const int ColumnsOfWarp = 256, Slices = 8, LongClass = 16;

    /// <summary>y (R, C) bf16 = x of any floating type, rounded.</summary>
    public static void ToBf16(this CudaQueue queue, Tensor x, Tensor y) =>
        queue.Launch(
            KernelTable.ToBf16,
            Eights(KernelTable.ToBf16, y),
            KernelWork.Of(x, y),
            x, x.RowStride, KernelArgument.TypeOf(x), y, y.RowStride, y.Rows, y.Columns);

    /// <summary>The weights of several layers, rounded, behind each other.</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="parameters">(1, P) Float32.</param>
    /// <param name="table">
    /// (n, 4) Int32: where each matrix begins in the parameters, its stride and columns there, its first run of 8.
    /// </param>
    /// <param name="weights">The matrices of bf16 that they become; the first lies first.</param>
    public static void WeightsToBf16(this CudaQueue queue, Tensor parameters, Tensor table, params ReadOnlySpan<Tensor> weights)
    {
        var (elements, eights) = (0.0, 0L);
        foreach (var weight in weights)
        {
            elements += weight.Count;
            eights += weight.Rows * Bf16Rows.Bytes(weight.Columns) / (Bf16Rows.Unit * sizeof(ushort));
        }

        var count = checked((int)eights);
        queue.Launch(
            KernelTable.WeightsToBf16,
            Grid.Each(KernelTable.WeightsToBf16, count),
            new((sizeof(float) + sizeof(ushort)) * elements),
            parameters, table, table.Rows, weights[0], count);
    }

    /// <summary>y[r] = leaky_relu(zx[a[r]] + zy[b[r]]), all in bf16.</summary>
    public static void AddPairsBf16(this CudaQueue queue, Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y) =>
        queue.Launch(
            KernelTable.AddPairsBf16,
            Eights(KernelTable.AddPairsBf16, y),
            KernelWork.Of(zx, a, zy, b, y),
            zx, zx.RowStride, a, a.RowStride, zy, zy.RowStride, b, b.RowStride, y, y.RowStride, y.Rows, y.Columns);

    /// <summary>sums (1, C) Float32 = the sums of the columns of x (R, C) bf16, by way of partial sums.</summary>
    public static void SumRowsBf16(this CudaQueue queue, Tensor x, Tensor sums)
    {
        var kernel = KernelTable.SumRowsBf16;
        var length = Math.Max(LeastLength, Grid.Blocks(x.Rows, MostPartialSums));
        var chunks = Grid.Blocks(x.Rows, length);
        var across = Math.Min(Grid.Blocks(x.Columns, Bf16Rows.Unit), kernel.Threads);
        var bytes = (double)chunks * x.Columns * sizeof(float);
        using var held = queue.Scratch((long)bytes, out var partials);
        queue.Launch(
            kernel,
            new(Grid.Blocks(x.Columns, across * Bf16Rows.Unit), chunks),
            new(KernelWork.BytesOf(x) + bytes),
            x, x.RowStride, partials, x.Rows, x.Columns, length, across);
        queue.SumPartials(partials, chunks, sums);
    }

    /// <summary>sums (1, C) = the rows of <paramref name="rows"/> (count, C), both in single precision.</summary>
    public static void SumPartials(this CudaQueue queue, KernelArgument rows, int count, Tensor sums) =>
        queue.Launch(
            KernelTable.SumPartials,
            new(Grid.Blocks(sums.Columns, Bf16Rows.Unit)),
            new((count + 1) * KernelWork.BytesOf(sums)),
            rows, count, sums, sums.Columns);

    /// <summary>sums[k] = sum of x[r] over the rows of class k, all in bf16.</summary>
    public static void SumByIndexBf16(this CudaQueue queue, Tensor x, Tensor index, PairOrder order, Tensor sums)
    {
        var (rows, classes) = (x.Rows, sums.Rows);
        if (order.Kept != index)
            queue.SortByClass(index, classes, order);
        var slices = rows / Math.Max(1, classes) >= LongClass ? Slices : 1;
        var jobs = classes * Grid.Blocks(x.Columns, ColumnsOfWarp);
        queue.Launch(
            KernelTable.SumByIndexBf16,
            new(slices == 1 ? Grid.Blocks(jobs, Slices) : jobs),
            new(KernelWork.BytesOf(x, sums, index) + ((double)classes * sizeof(int))),
            x, x.RowStride, order.Starts, order.Pairs, sums, sums.RowStride, classes, x.Columns, slices);
    }

    /// <summary>A thread for 8 columns.</summary>
    private static Grid Eights(KernelRow kernel, Tensor y) => Grid.Each(kernel, checked(y.Rows * Grid.Blocks(y.Columns, Bf16Rows.Unit)));
}
