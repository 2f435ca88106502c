using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>SmallTraining of small_critic.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockTraining
{
    public BlockSide X, Y;
    public ulong A, B, Joint, Marginal, Parameters, First, Second, Scores, Starts, Columns, Scales, Values, Seed;
    public uint Cell, Stream;
    public int Step, Fixed, Rows, Unused;
}

/// <summary>Side of small_critic.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockSide
{
    public ulong Inputs, Z, Thresholds, Aliases;
    public int Rows, Columns, Stride, Count;
}

/// <summary>The host side of kernels/small_critic.cu: trainings that fit one block, many steps in one launch.</summary>
internal static class SmallCriticOps
{
    /// <summary>Outputs of the first layer.</summary>
    public const int Width = 64;

    /// <summary>More pairs are cheaper op by op. By size alone, for the way must not depend on what else is trained.</summary>
    public const int MostPairs = 4096;

    private const int MostClasses = 160;

    public static bool Fits(GpuTraits gpu, CriticShape shape, int classes, int pairs) =>
        shape.Widths is [Width, 32, 16, 1]
        && pairs <= MostPairs
        && classes <= MostClasses
        && gpu.SharedBytesLimit >= KernelTable.SmallCritic.SharedBytes;

    /// <summary>Takes steps of so many trainings, a block each.</summary>
    public static void SmallCritic(this CudaQueue queue, KernelArgument trainings, int count, int steps, KernelWork work) =>
        queue.Launch(KernelTable.SmallCritic, new(count), work, trainings, steps);

    /// <summary>The steps of one training: its state is read and written, its inputs are read.</summary>
    public static KernelWork WorkOf(CriticTraining training, int steps) => new(
        KernelWork.BytesOf(training.X, training.Y) + (6 * KernelWork.BytesOf(training.Parameters)),
        Flops: 2 * steps * training.Shape.StepMultiplyAdds(training.X.Rows, training.Y.Rows, training.A.Rows));
}
