using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/split3.cu: a number as up to three of bf16 that add up to it.</summary>
internal static class Split3Ops
{
    /// <summary>Numbers of bf16 that hold all 24 bits of one in single precision.</summary>
    public const int Thirds = 3;

    /// <summary>Splits numbers into thirds, or rounds them to bf16 if <paramref name="count"/> is 1.</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="x">(R, C), any floating type.</param>
    /// <param name="thirds">(count * R, C) bf16: third i from row i * R on.</param>
    /// <param name="count">1 to 3; three hold all 24 bits of fp32.</param>
    public static void Split3(this CudaQueue queue, Tensor x, Tensor thirds, int count = Thirds) =>
        queue.Launch(
            KernelTable.Split3,
            Grid.Elements(KernelTable.Split3, x.Rows, x.Columns),
            KernelWork.Of(x, thirds),
            x, x.RowStride, KernelArgument.TypeOf(x), thirds, thirds.RowStride, count, x.Rows, x.Columns);
}
