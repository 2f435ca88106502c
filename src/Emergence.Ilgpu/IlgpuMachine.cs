using System.Reflection;
using System.Text;
using Emergence.Devices.Tensors;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Emergence.Ilgpu;

/// <summary>
/// One device of ILGPU with its queue, which works in order, and the kernels compiled for it. Launches from several threads mix up
/// their arguments on OpenCL, so that whoever calls anything holds <see cref="Gate"/>.
/// </summary>
internal sealed class IlgpuMachine
{
    public const int GroupSize = 256;

    private const CLDeviceInfoType OpenClDriverVersion = (CLDeviceInfoType)0x102D;

    private readonly Accelerator _accelerator;
    private readonly Dictionary<MethodInfo, Delegate> _kernels = [];
    private MemoryBuffer1D<byte, Stride1D.Dense>? _scratch;
    private long _allocated;

    public IlgpuMachine(Context context, ILGPU.Runtime.Device device)
    {
        _accelerator = device.CreateAccelerator(context);
        (Hardware, TotalBytes) = (device.Name.Trim(), device.MemorySize);
        if (device is CLDevice openCl)
        {
            (Backend, Vendor, IsProcessor) = ("opencl", openCl.VendorName.Trim(), openCl.DeviceType == CLDeviceType.CL_DEVICE_TYPE_CPU);
            HasDouble = openCl.Capabilities.Float64;
            Driver = $"{openCl.PlatformName} {CLAPI.CurrentAPI.GetDeviceInfo(openCl.DeviceId, OpenClDriverVersion)}".Trim();
        }
        else
        {
            (Backend, Vendor, HasDouble) = ("ptx", "NVIDIA", true);
            Driver = $"CUDA {((CudaDevice)device).DriverVersion}";
        }
    }

    /// <summary>"ptx" or "opencl".</summary>
    public string Backend { get; }

    public string Hardware { get; }

    public string Vendor { get; }

    /// <summary>Name and version.</summary>
    public string Driver { get; }

    public long TotalBytes { get; }

    /// <summary>Whether it is OpenCL on a processor, whose memory is the host's.</summary>
    public bool IsProcessor { get; }

    public bool HasDouble { get; }

    /// <summary>After a failed compilation, ILGPU's context is of no use any more.</summary>
    public bool IsBroken { get; private set; }

    public Lock Gate { get; } = new();

    /// <summary>By this program; ILGPU does not tell what others hold.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocated);

    public long FreeBytes
    {
        get
        {
            var free = Math.Max(0, TotalBytes - AllocatedBytes);
            return IsProcessor ? Math.Min(free, HostMemory.AvailableBytes()) : free;
        }
    }

    /// <summary>Zero at the start.</summary>
    public IlgpuBuffer Allocate(long bytes)
    {
        lock (Gate)
        {
            return new(this, AllocateRaw(bytes), bytes);
        }
    }

    public void Free(MemoryBuffer1D<byte, Stride1D.Dense> memory)
    {
        lock (Gate)
        {
            Interlocked.Add(ref _allocated, -memory.Length);
            Wait();
            memory.Dispose();
        }
    }

    /// <summary>
    /// Memory of an op for what it hands from one launch to the next; the next op has it too, so that the caller holds the gate
    /// until its last launch.
    /// </summary>
    public ArrayView<T> Scratch<T>(long count)
        where T : unmanaged
    {
        var bytes = Math.Max(1, count) * Interop.SizeOf<T>();
        if (_scratch == null || _scratch.Length < bytes)
        {
            if (_scratch != null)
                Free(_scratch);
            _scratch = null;
            _scratch = AllocateRaw(bytes);
        }

        return _scratch.View.BaseView.SubView(0, bytes).Cast<T>();
    }

    public void Upload<T>(ReadOnlySpan<T> source, ArrayView<T> destination)
        where T : unmanaged
    {
        if (source.IsEmpty)
            return;
        lock (Gate)
        {
            destination.CopyFromCPU(_accelerator.DefaultStream, source);
            Wait();
        }
    }

    public void Download<T>(ArrayView<T> source, Span<T> destination)
        where T : unmanaged
    {
        if (destination.IsEmpty)
            return;
        lock (Gate)
        {
            source.CopyToCPU(_accelerator.DefaultStream, destination);
            Wait();
        }
    }

    /// <summary>Queues a kernel, which is compiled at its first use.</summary>
    public void Launch<T>(Action<T> kernel, KernelConfig config, T arguments)
        where T : struct
    {
        if (config.GridDim.Size == 0)
            return;
        lock (Gate)
        {
            if (!_kernels.TryGetValue(kernel.Method, out var loaded))
                _kernels[kernel.Method] = loaded = Compile(kernel);
            ((Action<KernelConfig, T>)loaded)(config, arguments);
        }
    }

    public void Wait()
    {
        lock (Gate)
        {
            _accelerator.DefaultStream.Synchronize();
        }
    }

    private Action<KernelConfig, T> Compile<T>(Action<T> kernel)
        where T : struct
    {
        try
        {
            return _accelerator.LoadStreamKernel(kernel);
        }
        catch (Exception error)
        {
            IsBroken = true;
            var cause = new StringBuilder(error.Message);
            for (var inner = error.InnerException; inner != null; inner = inner.InnerException)
                cause.Append($": {inner.Message}");
            var name = $"{kernel.Method.DeclaringType?.Name}.{kernel.Method.Name}";
            throw new EmergenceException(
                $"{Hardware} ({Driver}) does not compile kernel {name}: {cause.Replace('\n', ' ')}", inner: error);
        }
    }

    private MemoryBuffer1D<byte, Stride1D.Dense> AllocateRaw(long bytes)
    {
        var length = Math.Max(8, bytes);
        try
        {
            var memory = _accelerator.Allocate1D<byte>(length);
            memory.MemSetToZero(_accelerator.DefaultStream);
            Interlocked.Add(ref _allocated, length);
            return memory;
        }
        catch (AcceleratorException error)
        {
            throw new EmergenceException(
                $"out of memory on {Hardware}: needs {bytes:N0} more bytes, {FreeBytes:N0} are free", inner: error)
            {
                IsOutOfMemory = true,
            };
        }
    }
}
