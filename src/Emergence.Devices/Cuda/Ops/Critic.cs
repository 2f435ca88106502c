using System.Runtime.InteropServices;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>Partition of em_critic.h: the Donsker-Varadhan sums over some rows.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Partition
{
    public double Joint, Max, Sum, Largest, Bad;

    public readonly CriticValue Value => new(Joint, Max + Math.Log(Sum), Largest, (int)Bad);
}

/// <summary>What the moments are multiplied with in a step: rate / (1 - 0.9^step) and 1 / (1 - 0.999^step).</summary>
internal readonly struct AdamScales(double rate, int step)
{
    public readonly float First = (float)(rate / (1 - Math.Pow(0.9, step)));

    public readonly float Second = (float)(1 / (1 - Math.Pow(0.999, step)));
}

/// <summary>The host side of kernels/critic.cu: the objective, the optimizer, the end of a step.</summary>
internal static unsafe class CriticOps
{
    // Rows of a part of the objective, where there are more than one block may train with.
    private const int LongPart = 1024;

    /// <summary>Bytes that <see cref="DonskerVaradhan"/> works in: the partition of all rows, behind it those of its parts.</summary>
    public static long DonskerVaradhanBytes(int rows) => (Parts(rows) + 1L) * sizeof(Partition);

    /// <summary>The partition of all rows into <paramref name="memory"/>, and by it the gradients unless they are null.</summary>
    public static void DonskerVaradhan(
        this CudaQueue queue, Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient, ulong memory)
    {
        var (rows, blocks) = (scores.Rows, Parts(scores.Rows));
        var bytes = (double)blocks * sizeof(Partition);
        KernelArgument all = memory, parts = memory + (ulong)sizeof(Partition);
        queue.Launch(
            KernelTable.DonskerVaradhan,
            new(blocks),
            new(KernelWork.BytesOf(scores, joint, marginal) + bytes),
            scores, scores.RowStride, joint, joint.RowStride, marginal, marginal.RowStride, parts, rows, Length(rows));
        queue.Launch(KernelTable.DonskerVaradhanSum, new(1), new(bytes), parts, blocks, all);
        if (gradient == null)
            return;
        queue.Launch(
            KernelTable.DonskerVaradhanGradient,
            Grid.Each(KernelTable.DonskerVaradhanGradient, rows),
            KernelWork.Of(scores, joint, marginal, gradient),
            scores, scores.RowStride, joint, joint.RowStride, marginal, marginal.RowStride, all, gradient, gradient.RowStride, rows);
    }

    public static void Adam(this CudaQueue queue, Tensor parameters, Tensor gradient, Tensor first, Tensor second, AdamScales scales) =>
        queue.Launch(
            KernelTable.Adam,
            Grid.Each(KernelTable.Adam, parameters.Columns),
            AdamWork(parameters),
            parameters, gradient, first, second, scales.First, scales.Second, parameters.Columns);

    /// <summary>Adam by the scales of the present step, which lie ready for all steps until the host looks again.</summary>
    public static void AdamScheduled(
        this CudaQueue queue, Tensor parameters, Tensor gradient, Tensor first, Tensor second, KernelArgument scales,
        KernelArgument progress) =>
        queue.Launch(
            KernelTable.AdamScheduled,
            Grid.Each(KernelTable.AdamScheduled, parameters.Columns),
            AdamWork(parameters),
            parameters, gradient, first, second, scales, progress, parameters.Columns);

    /// <summary>Keeps the value of the step for the host and goes on to the next.</summary>
    public static void EndStep(this CudaQueue queue, KernelArgument all, KernelArgument values, KernelArgument progress) =>
        queue.Launch(KernelTable.EndStep, new(1), new(2 * sizeof(Partition)), all, values, progress);

    /// <summary>The gradient is read; parameters and two moments are read and written.</summary>
    private static KernelWork AdamWork(Tensor parameters) => new(7 * KernelWork.BytesOf(parameters));

    private static int Length(int rows) => rows <= SmallCriticOps.MostPairs ? SmallCriticOps.MostPairs : LongPart;

    private static int Parts(int rows) => Math.Max(1, Grid.Blocks(rows, Length(rows)));
}
