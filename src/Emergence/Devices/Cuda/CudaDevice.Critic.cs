using System.Runtime.InteropServices;
using Emergence.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>The ops that train statistics networks.</content>
public sealed unsafe partial class CudaDevice
{
    private const int SumRowsChunk = 1024;
    private const int SumRowsColumns = 32;

    // Rows of a part of the objective, where it is more than what one block may train with.
    private const int PartitionRows = 1024;

    // Chunks of sum_by_index: one thread each, and a count of every class for each.
    private const int MaxChunks = 1024, MaxCounts = 1 << 22;

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
        var chunks = Math.Clamp(Math.Min(MaxCounts / Math.Max(1, classes), rows / 32), 1, MaxChunks);
        var length = Blocks(rows, chunks);
        long counts = (long)chunks * classes * sizeof(int), starts = (classes + 1L) * sizeof(int);
        using var held = Hold(counts + starts + (long)rows * sizeof(int), out var scratch);
        var at = (ulong)scratch.Address;
        KernelArgument places = at, first = at + (ulong)counts, order = at + (ulong)(counts + starts);
        Queue.Clear(at, counts + starts);
        var grid = new Grid(Blocks(chunks, KernelTable.SumByIndexCount.Threads));
        Launch(KernelTable.SumByIndexCount, grid, index, index.RowStride, rows, length, chunks, classes, places);
        Launch(KernelTable.SumByIndexStarts, new(1), places, first, chunks, classes);
        Launch(KernelTable.SumByIndexScatter, grid, index, index.RowStride, rows, length, chunks, classes, places, order);
        Launch(KernelTable.SumByIndex, Elements(KernelTable.SumByIndex, classes, x.Columns), x, x.RowStride, first, order, sums, sums.RowStride, classes, x.Columns);
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
