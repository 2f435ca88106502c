using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/sums.cu: sums over rows in a fixed order.</summary>
internal static class SumsOps
{
    /// <summary>Rows that a block sums.</summary>
    private const int Chunk = 1024;

    private const int ColumnsOfBlock = 32;

    public static void SumRows(this CudaQueue queue, Tensor x, Tensor sums)
    {
        var chunks = Math.Max(1, Grid.Blocks(x.Rows, Chunk));
        if (chunks == 1)
        {
            Launch(x, x.RowStride, sums, sums.RowStride, x.Rows, 1);
            return;
        }

        // Two levels reach 2^20 rows, three all of them.
        var upper = Grid.Blocks(chunks, Chunk);
        using var held = queue.Scratch((long)(chunks + upper) * x.Columns * sizeof(float), out var scratch);
        var lowerSums = (ulong)scratch.Address;
        var upperSums = lowerSums + ((ulong)chunks * (ulong)x.Columns * sizeof(float));
        Launch(x, x.RowStride, lowerSums, x.Columns, x.Rows, chunks);
        Launch(lowerSums, x.Columns, upperSums, x.Columns, chunks, upper);
        Launch(upperSums, x.Columns, sums, sums.RowStride, upper, 1);

        void Launch(KernelArgument from, int stride, KernelArgument to, int toStride, int rows, int blocks) =>
            queue.Launch(
                KernelTable.SumRows,
                new(Grid.Blocks(x.Columns, ColumnsOfBlock), blocks),
                new(sizeof(float) * ((double)rows + blocks) * x.Columns),
                from, stride, to, toStride, rows, x.Columns);
    }

    public static void SumByIndex(this CudaQueue queue, Tensor x, Tensor index, Tensor sums)
    {
        var (rows, classes) = (x.Rows, sums.Rows);
        var (forSort, forOrder) = (checked((int)SortMemory.Elements(rows)), checked((int)PairOrder.Elements(rows, classes)));
        using var held = queue.Scratch(sizeof(int) * ((long)forSort + forOrder), out var scratch);
        var memory = new Tensor(scratch, DType.Int32, 1, forSort + forOrder);
        var order = new PairOrder(memory.ColumnRange(forSort, forOrder), rows);
        queue.Sort(new(memory.ColumnRange(0, forSort), rows), index, classes, order);
        queue.Launch(
            KernelTable.SumByIndex,
            Grid.Elements(KernelTable.SumByIndex, classes, x.Columns),
            KernelWork.Of(x, index, sums, order.Starts),
            x, x.RowStride, order.Starts, order.Pairs, sums, sums.RowStride, classes, x.Columns);
    }
}
