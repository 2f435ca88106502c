namespace Emergence.Devices.Cuda.Listings;

/// <summary>What a GPU gives at best by its data sheet: bytes of its memory, dense products of bf16 on tensor cores, single precision beside them.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="BytesPerSecond">Of device memory.</param>
/// <param name="TensorFlops">A second, dense, a multiply-add as two.</param>
/// <param name="Flops">A second, in single precision.</param>
internal sealed record GpuRoof(string Name, double BytesPerSecond, double TensorFlops, double Flops)
{
    public static readonly GpuRoof A100 = new("a100", 2.039e12, 312e12, 19.5e12);
    public static readonly GpuRoof H100 = new("h100", 3.35e12, 989e12, 66.9e12);
    public static readonly GpuRoof H200 = new("h200", 4.8e12, 989e12, 66.9e12);

    /// <summary>Of one launch: the slower of its bytes and its arithmetic.</summary>
    public double SecondsOf(LaunchWork work) => Math.Max(work.Bytes / BytesPerSecond, (work.TensorFlops / TensorFlops) + (work.Flops / Flops));
}
