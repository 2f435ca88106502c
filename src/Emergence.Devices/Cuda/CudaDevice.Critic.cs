using System.Numerics;
using System.Runtime.InteropServices;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>The ops that train statistics networks.</content>
public sealed unsafe partial class CudaDevice
{
    internal const int SumRowsChunk = 1024;
    private const int SumRowsColumns = 32;
    private const int SortScanDigits = 8;

    // Rows of a part of the objective, where it is more than what one block may train with.
    private const int PartitionRows = 1024;

    protected override void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y) =>
        Launch(KernelTable.AddPairs, Elements(KernelTable.AddPairs, y.Rows, y.Columns), zx, zx.RowStride, a, a.RowStride, zy, zy.RowStride, b, b.RowStride, y, y.RowStride, y.Rows, y.Columns);

    protected override void LeakyReluGradientCore(Tensor y, Tensor dy) =>
        Launch(KernelTable.LeakyReluGradient, Elements(KernelTable.LeakyReluGradient, y.Rows, y.Columns), y, y.RowStride, dy, dy.RowStride, y.Rows, y.Columns);

    protected override void SumRowsCore(Tensor x, Tensor sums)
    {
        var columns = Blocks(x.Columns, SumRowsColumns);
        var chunks = Math.Max(1, Blocks(x.Rows, SumRowsChunk));
        if (chunks == 1)
        {
            Launch(KernelTable.SumRows, new(columns), x, x.RowStride, sums, sums.RowStride, x.Rows, x.Columns);
            return;
        }

        // Two levels reach 2^20 rows, three all of them.
        var upper = Blocks(chunks, SumRowsChunk);
        using var held = Hold((long)(chunks + upper) * x.Columns * sizeof(float), out var scratch);
        KernelArgument lowerSums = scratch, upperSums = (ulong)scratch.Address + (ulong)chunks * (ulong)x.Columns * sizeof(float);
        Launch(KernelTable.SumRows, new(columns, chunks), x, x.RowStride, lowerSums, x.Columns, x.Rows, x.Columns);
        Launch(KernelTable.SumRows, new(columns, upper), lowerSums, x.Columns, upperSums, x.Columns, chunks, x.Columns);
        Launch(KernelTable.SumRows, new(columns), upperSums, x.Columns, sums, sums.RowStride, upper, x.Columns);
    }

    protected override void SumByIndexCore(Tensor x, Tensor index, Tensor sums)
    {
        var (rows, classes) = (x.Rows, sums.Rows);
        var (forSort, forOrder) = (checked((int)SortMemory.Elements(rows)), checked((int)PairOrder.Elements(rows, classes)));
        using var held = Hold(SumByIndexScratchBytes(rows, classes), out var scratch);
        var memory = new Tensor(scratch, DType.Int32, 1, forSort + forOrder);
        var order = new PairOrder(memory.ColumnRange(forSort, forOrder), rows);
        Sort(new(memory.ColumnRange(0, forSort), rows), index, classes, order);
        Launch(KernelTable.SumByIndex, Elements(KernelTable.SumByIndex, classes, x.Columns), x, x.RowStride, order.Starts, order.Pairs, sums, sums.RowStride, classes, x.Columns);
    }

    /// <summary>Finds the order of pairs by class, by as few passes as the number of classes takes; a pass of one tile is one launch.</summary>
    private void Sort(SortMemory memory, Tensor index, int classes, PairOrder order)
    {
        var (rows, tiles) = (index.Rows, SortMemory.Tiles(index.Rows));
        var keyBits = 32 - BitOperations.LeadingZeroCount((uint)Math.Max(1, classes - 1));
        var passes = Blocks(keyBits, SortMemory.Bits);
        var bits = Blocks(keyBits, passes);
        var (counts, totals) = tiles > 1 ? (memory.Counts, memory.Totals) : (null, null);
        var (keys, places, stride) = (index, (Tensor?)null, index.RowStride);
        for (var pass = 0; pass < passes; pass++)
        {
            var (shift, sorted, to) = (pass * bits, memory.Keys[pass % 2], (passes - pass) % 2 == 1 ? order.Pairs : memory.Places);
            if (tiles > 1)
            {
                Launch(KernelTable.SortCount, new(tiles), keys, stride, rows, shift, bits, counts, tiles);
                Launch(KernelTable.SortScan, new(Blocks(1 << bits, SortScanDigits)), counts, tiles, totals, 1 << bits);
            }

            Launch(KernelTable.SortScatter, new(tiles), keys, stride, places, rows, shift, bits, counts, totals, tiles, sorted, to);
            (keys, places, stride) = (sorted, to, 1);
        }

        Launch(KernelTable.SortStarts, new(Blocks(rows + 1, KernelTable.SortStarts.Threads)), keys, rows, order.Starts, classes);
    }

    protected override CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        using var held = Hold((PartitionBlocks(scores.Rows) + 1L) * sizeof(Partition), out var scratch);
        LaunchDonskerVaradhan(scores, joint, marginal, gradient, (ulong)scratch.Address);
        Partition result;
        Driver.Check(Driver.cuMemcpyDtoHAsync_v2(&result, (ulong)scratch.Address, (nuint)sizeof(Partition), Queue.Stream.Handle));
        Queue.Stream.Synchronize();
        return result.Value;
    }

    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step)
    {
        var scales = new AdamScales(rate, step);
        Launch(KernelTable.Adam, new(Blocks(parameters.Columns, KernelTable.Adam.Threads)), parameters, gradient, first, second, scales.First, scales.Second, parameters.Columns);
    }

    private static int PartitionLength(int rows) => rows <= SmallPairs ? SmallPairs : PartitionRows;

    private static int PartitionBlocks(int rows) => Math.Max(1, Blocks(rows, PartitionLength(rows)));

    /// <summary>The partition of all rows into <paramref name="memory"/>, behind which lie those of its PartitionBlocks parts.</summary>
    private void LaunchDonskerVaradhan(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient, ulong memory)
    {
        var (rows, blocks) = (scores.Rows, PartitionBlocks(scores.Rows));
        KernelArgument all = memory, parts = memory + (ulong)sizeof(Partition);
        Launch(KernelTable.DonskerVaradhan, new(blocks), scores, scores.RowStride, joint, joint.RowStride, marginal, marginal.RowStride, parts, rows, PartitionLength(rows));
        Launch(KernelTable.DonskerVaradhanSum, new(1), parts, blocks, all);
        if (gradient != null)
            Launch(KernelTable.DonskerVaradhanGradient, new(Blocks(rows, KernelTable.DonskerVaradhanGradient.Threads)), scores, scores.RowStride, joint, joint.RowStride, marginal, marginal.RowStride, all, gradient, gradient.RowStride, rows);
    }

    /// <summary>As in em_critic.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Partition
    {
        public double Joint, Max, Sum, Largest, Bad;

        public readonly CriticValue Value => new(Joint, Max + Math.Log(Sum), Largest, (int)Bad);
    }

    /// <summary>What the moments are multiplied with: rate / (1 - 0.9^step) and 1 / (1 - 0.999^step).</summary>
    private readonly struct AdamScales(double rate, int step)
    {
        public readonly float First = (float)(rate / (1 - Math.Pow(0.9, step)));

        public readonly float Second = (float)(1 / (1 - Math.Pow(0.999, step)));
    }
}
