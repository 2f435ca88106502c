using Emergence.Devices;

namespace Emergence.Lab.Listings;

/// <summary>
/// What a GPU gives at best by its data sheet: bytes of its memory, dense products of bf16 on tensor cores, single precision
/// beside them.
/// </summary>
/// <param name="Name">What tables call it.</param>
/// <param name="BytesPerSecond">Traffic of device memory.</param>
/// <param name="TensorFlops">A second, dense, a multiply-add as two.</param>
/// <param name="Flops">A second, in single precision.</param>
/// <param name="LinkBytesPerSecond">From the host's memory, over 16 lanes of PCIe: of its fourth generation, or the fifth.</param>
internal sealed record GpuRoof(string Name, double BytesPerSecond, double TensorFlops, double Flops, double LinkBytesPerSecond)
{
    public static readonly GpuRoof A100 = new("a100", 2.039e12, 312e12, 19.5e12, 32e9);
    public static readonly GpuRoof H100 = new("h100", 3.35e12, 989e12, 66.9e12, 64e9);
    public static readonly GpuRoof H200 = new("h200", 4.8e12, 989e12, 66.9e12, 64e9);

    /// <summary>Time of one launch: the longer of that of its bytes and that of its arithmetic.</summary>
    public double SecondsOf(KernelWork work) =>
        Math.Max(work.Bytes / BytesPerSecond, (work.TensorFlops / TensorFlops) + (work.Flops / Flops));
}
