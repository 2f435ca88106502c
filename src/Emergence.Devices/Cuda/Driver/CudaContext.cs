using System.Runtime.InteropServices;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>The primary context of one GPU. Buffers keep it alive; the last of them to go releases it.</summary>
internal sealed unsafe class CudaContext : SafeHandle
{
    private const int Multiprocessors = 16, CapabilityMajor = 75, CapabilityMinor = 76, SharedBytesOptIn = 97;

    [ThreadStatic]
    private static nint s_current;

    private readonly int _device;

    public CudaContext(CudaDriver driver, int ordinal = 0)
        : base(0, ownsHandle: true)
    {
        Driver = driver;
        var count = driver.DeviceCount;
        if (ordinal >= count)
            throw new EmergenceException(count > 0 ? $"expected a GPU from 0 to {count - 1}, found number {ordinal}"
                : "the driver finds no GPU: choose another --device", ExitCode.Usage);
        int device;
        driver.Check(driver.cuDeviceGet(&device, ordinal));
        _device = device;
        var name = stackalloc byte[256];
        driver.Check(driver.cuDeviceGetName(name, 256, device));
        var capability = 10 * Attribute(CapabilityMajor) + Attribute(CapabilityMinor);
        Traits = new(Marshal.PtrToStringUTF8((nint)name) ?? "GPU", capability, Attribute(Multiprocessors), Attribute(SharedBytesOptIn));
        nuint total;
        driver.Check(driver.cuDeviceTotalMem_v2(&total, device));
        TotalBytes = (long)total;
        nint context;
        driver.Check(driver.cuDevicePrimaryCtxRetain(&context, device));
        SetHandle(context);
    }

    public CudaDriver Driver { get; }

    public GpuTraits Traits { get; }

    /// <summary>What the user is told of the GPU and its driver.</summary>
    public string Description =>
        $"{Traits.Name}, compute capability {Traits.Capability / 10}.{Traits.Capability % 10}, {Traits.MultiprocessorCount} " +
        "multiprocessors, " +
        $"{TotalBytes / 1e9:0.0} GB, driver for CUDA {Driver.Version / 1000}.{Driver.Version % 1000 / 10}";

    public long TotalBytes { get; }

    public long FreeBytes
    {
        get
        {
            Enter();
            nuint free, total;
            Driver.Check(Driver.cuMemGetInfo_v2(&free, &total));
            return (long)free;
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Makes the context the calling thread's; to be called before any call that works in a context.</summary>
    public void Enter()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        Driver.Check(MakeCurrent(), nameof(Driver.cuCtxSetCurrent));
    }

    public ulong Allocate(long bytes)
    {
        Enter();
        ulong address;
        var result = Driver.cuMemAlloc_v2(&address, (nuint)bytes);
        if (CudaDriver.IsOutOfMemory(result))
            throw Driver.Failure(result, nameof(Driver.cuMemAlloc_v2), $"needs {Size(bytes)}, {Size(FreeBytes)} free");
        Driver.Check(result, nameof(Driver.cuMemAlloc_v2));
        return address;
    }

    /// <summary>Never throws: a context that a fault has ended has no memory to free.</summary>
    public void Free(ulong address)
    {
        if (MakeCurrent() == 0)
            _ = Driver.cuMemFree_v2(address);
    }

    /// <summary>Memory of the host; never throws.</summary>
    public void FreePinned(void* address)
    {
        if (MakeCurrent() == 0)
            _ = Driver.cuMemFreeHost(address);
    }

    /// <summary>Bytes for a message.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => $"{bytes / 1e9:0.0} GB",
        >= 1_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes} bytes",
    };

    protected override bool ReleaseHandle()
    {
        s_current = 0;
        return Driver.cuDevicePrimaryCtxRelease_v2(_device) == 0;
    }

    /// <summary>0, or the driver's reason why the context cannot be the thread's.</summary>
    private int MakeCurrent()
    {
        var result = s_current == handle ? 0 : Driver.cuCtxSetCurrent(handle);
        if (result == 0)
            s_current = handle;
        return result;
    }

    private int Attribute(int which)
    {
        int value;
        Driver.Check(Driver.cuDeviceGetAttribute(&value, which, _device));
        return value;
    }
}
