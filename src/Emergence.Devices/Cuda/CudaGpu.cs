using Emergence.Devices.Cuda.Driver;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda;

/// <summary>
/// What the queues of a device share: a GPU's context and kernels; or in a plan nothing but traits, and buffers that are counted.
/// </summary>
internal sealed class CudaGpu : IDisposable
{
    private readonly CudaContext? _context;
    private readonly CudaKernels? _kernels;

    /// <param name="driver">A GPU's or the emulator's.</param>
    /// <param name="compiler">Makes the GPU code instead of what is embedded; null: only if nothing is.</param>
    /// <param name="warpgroups">Whether products use Hopper's instructions; null: on a GPU that has them.</param>
    /// <param name="number">Which GPU, from 0.</param>
    public CudaGpu(CudaDriver driver, NvrtcCompiler? compiler, bool? warpgroups, int number)
    {
        _context = new CudaContext(driver, number);
        _kernels = new CudaKernels(_context, new KernelImages(_context, compiler));
        var traits = _context.Traits;
        Traits = traits with { HasWarpgroups = warpgroups ?? (traits.HasWarpgroups && !driver.IsEmulated) };
    }

    public CudaGpu(GpuTraits traits, DevicePlan plan) => (Traits, Plan) = (traits, plan);

    public GpuTraits Traits { get; }

    /// <summary>What counts instead of a GPU; null if there is one.</summary>
    public DevicePlan? Plan { get; }

    public CudaContext Context => _context ?? throw new InvalidOperationException("a plan has no GPU");

    public CudaKernels Kernels => _kernels ?? throw new InvalidOperationException("a plan has no kernels");

    public CudaDriver Driver => Context.Driver;

    /// <summary>Takes the time of every launch while it is set.</summary>
    public LaunchTrace? Trace { get; set; }

    /// <summary>Memory whose content nobody may rely on.</summary>
    public Buffer Allocate(long bytes) => Plan != null ? Plan.Allocate(bytes) : new CudaBuffer(Context, bytes);

    public void Dispose() => _context?.Dispose();
}
