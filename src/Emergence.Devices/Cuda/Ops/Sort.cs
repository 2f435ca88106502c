using System.Numerics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/sort.cu: pairs in the order of their classes, those of a class in their own order.</summary>
internal static class SortOps
{
    private const int DigitsOfScan = 8;

    /// <summary>
    /// Finds the order of pairs by class, by as few passes as the number of classes takes; a pass of one tile is one launch.
    /// </summary>
    public static void Sort(this CudaQueue queue, SortMemory memory, Tensor index, int classes, PairOrder order)
    {
        var (rows, tiles) = (index.Rows, SortMemory.Tiles(index.Rows));
        var keyBits = 32 - BitOperations.LeadingZeroCount((uint)Math.Max(1, classes - 1));
        var passes = Grid.Blocks(keyBits, SortMemory.Bits);
        var bits = Grid.Blocks(keyBits, passes);
        var countBytes = tiles > 1 ? sizeof(int) * (double)tiles * (1 << bits) : 0;
        var (counts, totals) = tiles > 1 ? (memory.Counts, memory.Totals) : (null, null);
        var (keys, places, stride) = (index, (Tensor?)null, index.RowStride);
        for (var pass = 0; pass < passes; pass++)
        {
            var (shift, sorted, to) = (pass * bits, memory.Keys[pass % 2], (passes - pass) % 2 == 1 ? order.Pairs : memory.Places);
            var keyBytes = sizeof(int) * (double)rows;
            if (tiles > 1)
            {
                queue.Launch(
                    KernelTable.SortCount, new(tiles), new(keyBytes + countBytes),
                    keys, stride, rows, shift, bits, counts, tiles);
                queue.Launch(
                    KernelTable.SortScan, new(Grid.Blocks(1 << bits, DigitsOfScan)), new(2 * countBytes),
                    counts, tiles, totals, 1 << bits);
            }

            // The first pass knows the places: they are in order.
            queue.Launch(
                KernelTable.SortScatter, new(tiles), new(((places == null ? 3 : 4) * keyBytes) + countBytes),
                keys, stride, places, rows, shift, bits, counts, totals, tiles, sorted, to);
            (keys, places, stride) = (sorted, to, 1);
        }

        queue.Launch(
            KernelTable.SortStarts, Grid.Each(KernelTable.SortStarts, rows + 1), new(sizeof(int) * ((double)rows + classes)),
            keys, rows, order.Starts, classes);
    }

    /// <summary>Finds the order of pairs by class, in memory of the queue.</summary>
    public static void SortByClass(this CudaQueue queue, Tensor index, int classes, PairOrder order)
    {
        var elements = SortMemory.Elements(index.Rows);
        using var held = queue.Scratch(sizeof(int) * elements, out var scratch);
        queue.Sort(new(new Tensor(scratch, DType.Int32, 1, checked((int)elements)), index.Rows), index, classes, order);
    }

    /// <summary>The order of pairs whose classes each have one of the first half and one of the last.</summary>
    public static void OrderTwos(this CudaQueue queue, Tensor index, PairOrder order) =>
        queue.Launch(
            KernelTable.OrderTwos, Grid.Each(KernelTable.OrderTwos, index.Rows), KernelWork.Of(index, index),
            index, index.RowStride, index.Rows / 2, order.Pairs);
}
