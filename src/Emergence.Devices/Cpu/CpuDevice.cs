using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>
/// The processor, in single precision: vector instructions and a pool of threads. Ops may be called from several
/// threads at a time. All kernels give the same bytes: they differ in the width of a matrix product's tiles only.
/// </summary>
public sealed unsafe partial class CpuDevice : HostDevice
{
    private readonly GemmKernel _kernel;
    private readonly CpuPool _pool;

    /// <param name="options">Threads, and the path by name ("avx512", "avx2", "portable").</param>
    public CpuDevice(DeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var usable = GemmKernel.Table.Where(kernel => kernel.IsSupported).ToList();
        _kernel = options.CpuPath == null ? usable[0] : usable.Find(kernel => kernel.Name == options.CpuPath)
            ?? throw new EmergenceException(
                $"unknown CPU path '{options.CpuPath}': this machine has {string.Join(", ", usable.Select(kernel => kernel.Name))}",
                ExitCode.Usage);
        _pool = new CpuPool(options.Threads == 0 ? HostThreads.Allocated : options.Threads);
    }

    /// <summary>Names of the paths that this machine has, the fastest first.</summary>
    public static IReadOnlyList<string> Paths { get; } = [
        .. GemmKernel.Table.Where(kernel => kernel.IsSupported).Select(kernel => kernel.Name)
    ];

    public override string Name => "cpu";

    public override string Description => $"{ProcessorName()}, {_kernel.Name}, {_pool.Threads} thread{(_pool.Threads == 1 ? "" : "s")}";

    /// <summary>
    /// One for all processors that have fused multiply-adds, since our own sums are the same bytes on every one. Without them the C
    /// library has other logarithms, from which draws and entropies are made: that is a path of its own.
    /// </summary>
    public override string Path =>
        IsFused ? "cpu/fma32" : $"cpu/{RuntimeInformation.ProcessArchitecture}".ToLowerInvariant();

    public override DeviceTraits Traits { get; } = new(DeviceScale.Host, DType.Float32);

    public override DType ComputeType => DType.Float32;

    /// <summary>FMA and AVX2 (leaves 1 and 7 of CPUID), by which the C library chooses too, whatever this run time may use.</summary>
    private static bool IsFused { get; } =
        X86Base.IsSupported && (X86Base.CpuId(1, 0).Ecx >> 12 & 1) != 0 && (X86Base.CpuId(7, 0).Ebx >> 5 & 1) != 0;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _pool.Dispose();
        base.Dispose(disposing);
    }

    private static float* At(Tensor tensor, int row) => (float*)tensor.Address + (long)row * tensor.RowStride;

    private static float* AtOrNull(Tensor? tensor) => tensor == null ? null : (float*)tensor.Address;

    /// <summary>Rows that are worth a thread when each has this many elements.</summary>
    private static int Grain(int columns) => Math.Max(1, 8192 / Math.Max(1, columns));

    private static void RequireFloat32(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (var tensor in tensors)
        {
            if (tensor != null && tensor.Type != DType.Float32)
                throw new ArgumentException($"expected Float32, found {tensor}");
        }
    }

    /// <summary>The brand of an x86 processor (leaves 0x80000002 to 4 of CPUID), else the architecture.</summary>
    private static string ProcessorName()
    {
        if (!X86Base.IsSupported)
            return RuntimeInformation.ProcessArchitecture.ToString();
        Span<int> words = stackalloc int[12];
        for (var leaf = 0; leaf < 3; leaf++)
            (words[4 * leaf], words[4 * leaf + 1], words[4 * leaf + 2], words[4 * leaf + 3]) = X86Base.CpuId(
                unchecked((int)0x80000002) + leaf, 0);
        return System.Text.Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)).Trim('\0', ' ');
    }
}
