using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>What compute capability 9.0 does better.</content>
public sealed unsafe partial class CudaDevice
{
    /// <summary>Products by warpgroups, where this GPU has them and they were not left out.</summary>
    internal HopperProducts? Hopper { get; }

    /// <summary>Products of pairs, where there is <see cref="Hopper"/>.</summary>
    internal HopperPairProducts? HopperPairs { get; }

    /// <summary>Rounds to bf16, or splits into more bf16 parts that add up.</summary>
    /// <param name="x">(R, C), any floating type.</param>
    /// <param name="parts">(count * R, C) bf16: part i from row i * R on.</param>
    /// <param name="count">1 to 3; three hold all 24 bits of fp32.</param>
    internal void SplitParts(Tensor x, Tensor parts, int count) =>
        Launch(KernelTable.SplitParts, Elements(KernelTable.SplitParts, x.Rows, x.Columns), x, x.RowStride, Code(x), parts, parts.RowStride, count, x.Rows, x.Columns);
}
