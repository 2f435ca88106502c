using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>
/// An NVIDIA GPU, or the emulator in its place: one queue, and one more for each training; kernels in single precision with every sum in a fixed order.
/// Results are the same bytes on all GPUs of a path, for no kernel uses an approximating instruction or an atomic. Paths:
/// fma32, plain single precision; parts32 where warpgroups multiply, whose products of wide matrices are six of bf16 parts;
/// bf16. Ops may come from several threads.
/// </summary>
public sealed unsafe partial class CudaDevice : Device
{
    private const int MaxGridY = 65535;

    private readonly CudaContext _context;
    private readonly CudaQueue _queue;
    private readonly CudaKernels _kernels;
    private readonly DType _arithmetic;
    private readonly ThreadLocal<CudaQueue?> _entered = new();

    /// <param name="driver">A GPU's or the emulator's.</param>
    /// <param name="compiler">Makes the GPU code instead of what is embedded; none: only where nothing is.</param>
    /// <param name="arithmetic">Float32, or BFloat16 for products on tensor cores.</param>
    /// <param name="warpgroups">Whether products use Hopper's instructions; none: on a GPU that has them.</param>
    internal CudaDevice(CudaDriver driver, NvrtcCompiler? compiler = null, DType arithmetic = DType.Float32, bool? warpgroups = null)
    {
        _arithmetic = arithmetic;
        _context = new CudaContext(driver);
        _queue = new CudaQueue(_context);
        _kernels = new CudaKernels(_context, new KernelImages(_context, compiler));
        Hopper = warpgroups ?? (_context.Capability == HopperProducts.Capability && !driver.IsEmulated) ? new HopperProducts(this, _context) : null;
        HopperPairs = Hopper == null ? null : new HopperPairProducts(this, _context);
    }

    /// <summary>The first GPU of this machine.</summary>
    /// <param name="nvrtcFile">NVIDIA's run-time compiler, to be used instead of embedded PTX; none: only where there is no PTX, from where it usually lies.</param>
    /// <param name="arithmetic">Float32, or BFloat16 for products on tensor cores.</param>
    public static CudaDevice OpenGpu(string? nvrtcFile = null, DType arithmetic = DType.Float32)
    {
        var compiler = nvrtcFile == null ? null : NvrtcCompiler.Open(nvrtcFile);
        return new(CudaLibrary.LoadDriver(), compiler, arithmetic);
    }

    /// <summary>The emulator: the same kernels and launches on the CPU, checked while they run.</summary>
    /// <param name="arithmetic">Float32, or BFloat16 for products on tensor cores.</param>
    public static CudaDevice OpenEmulator(DType arithmetic = DType.Float32) => new(CudaLibrary.LoadEmulator(), null, arithmetic);

    /// <summary>Whether this machine has a driver, a GPU that is new enough, and code for it.</summary>
    public static bool IsHere
    {
        get
        {
            if (!CudaLibrary.HasDriver)
                return false;
            try
            {
                using var context = new CudaContext(CudaLibrary.LoadDriver());
                return new KernelImages(context, null).HasCode;
            }
            catch (EmergenceException)
            {
                return false; // a driver without a GPU, or one too old
            }
        }
    }

    public override string Name => _context.Driver.IsEmulated ? "emulator" : "cuda";

    public override string Description =>
        $"{_context.Name}, compute capability {_context.Capability / 10}.{_context.Capability % 10}, {_context.MultiprocessorCount} multiprocessors, {_context.TotalBytes / 1e9:0.0} GB, driver for CUDA {_context.Driver.Version / 1000}.{_context.Driver.Version % 1000 / 10}";

    public override string Path => $"{Name}/{(_arithmetic == DType.BFloat16 ? "bf16" : Hopper != null ? "parts32" : "fma32")}";

    public override DType ComputeType => DType.Float32;

    public override long AvailableBytes => _context.FreeBytes;

    private CudaDriver Driver => _context.Driver;

    /// <summary>Where the ops of the calling thread go: the device's own queue, or that of a training whose step it records.</summary>
    private CudaQueue Queue => _entered.Value ?? _queue;

    public override Tensor Allocate(DType type, int rows, int columns)
    {
        var buffer = new CudaBuffer(_context, (long)rows * columns * type.Size());
        if (buffer.ByteLength > 0)
            Driver.Check(Driver.cuMemsetD8Async((ulong)buffer.Address, 0, (nuint)buffer.ByteLength, Queue.Stream.Handle));
        return new Tensor(buffer, type, rows, columns);
    }

    public override void Upload(ReadOnlySpan<byte> source, Tensor destination)
    {
        RequireBytes(source.Length, destination);
        if (!destination.IsDense)
            throw new ArgumentException($"expected a dense tensor, found {destination} with {destination.RowStride} elements from row to row");
        if (source.Length == 0)
            return;
        _context.Enter();
        fixed (byte* from = source)
            Driver.Check(Driver.cuMemcpyHtoDAsync_v2((ulong)destination.Address, from, (nuint)source.Length, Queue.Stream.Handle));
        Queue.Stream.Synchronize();
    }

    public override void Download(Tensor source, Span<byte> destination)
    {
        RequireBytes(destination.Length, source);
        if (destination.Length == 0)
            return;
        _context.Enter();
        var width = source.Columns * source.Type.Size();
        fixed (byte* to = destination)
        {
            var copy = new CudaCopy2D
            {
                SourceType = CudaCopy2D.Device,
                SourceDevice = (ulong)source.Address,
                SourcePitch = (nuint)(source.IsDense ? width : source.RowStride * source.Type.Size()),
                TargetType = CudaCopy2D.Host,
                TargetHost = (nint)to,
                TargetPitch = (nuint)width,
                Width = (nuint)width,
                Height = (nuint)source.Rows,
            };
            if (source.IsDense)
                Driver.Check(Driver.cuMemcpyDtoHAsync_v2(to, (ulong)source.Address, (nuint)destination.Length, Queue.Stream.Handle));
            else
                Driver.Check(Driver.cuMemcpy2DAsync_v2(&copy, Queue.Stream.Handle));
            Queue.Stream.Synchronize();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        _queue.Dispose();
        _entered.Dispose();
        _context.Dispose();
    }

    private static void RequireBytes(long bytes, Tensor tensor)
    {
        if (bytes != tensor.Count * tensor.Type.Size())
            throw new ArgumentException($"expected {tensor.Count * tensor.Type.Size()} bytes for {tensor}, found {bytes}");
    }

    /// <summary>A grid of one thread an element: x covers the columns, y the rows as far as it reaches.</summary>
    private static Grid Elements(KernelRow kernel, int rows, int columns) => new(Blocks(columns, kernel.Threads), Math.Min(rows, MaxGridY));

    private static int Blocks(int count, int each) => (count + each - 1) / each;

    /// <summary>Queues a kernel; a grid with nothing to do is left out.</summary>
    private void Launch(KernelRow kernel, Grid grid, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (grid.X <= 0 || grid.Y <= 0 || grid.Z <= 0)
            return;
        if (_trace == null)
            Queue.Launch(_kernels[kernel], grid, arguments);
        else
            LaunchTraced(kernel, grid, 0, [], arguments);
    }

    /// <summary>Queues a kernel whose first parameters are tensor maps, in clusters of blocks.</summary>
    internal void Launch(KernelRow kernel, Grid grid, int cluster, ReadOnlySpan<CudaTensorMap> maps, ReadOnlySpan<KernelArgument> arguments)
    {
        if (_trace == null)
            Queue.Launch(_kernels[kernel], grid, cluster, maps, arguments);
        else
            LaunchTraced(kernel, grid, cluster, maps, arguments);
    }

    /// <summary>Memory for one op at a time; other threads wait until the scope ends.</summary>
    private Lock.Scope Hold(long bytes, out CudaBuffer scratch) => Queue.Hold(bytes, out scratch);
}
