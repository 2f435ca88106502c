using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>
/// The driver's entry points, from libcuda or from the emulator: the same host code runs on both. Signatures are those of
/// cuda.h; handles are nint, device addresses ulong, sizes nuint, enumerations int.
/// </summary>
internal sealed unsafe class CudaDriver
{
    public readonly delegate* unmanaged<uint, int> cuInit;
    public readonly delegate* unmanaged<int*, int> cuDriverGetVersion;
    public readonly delegate* unmanaged<int*, int> cuDeviceGetCount;
    public readonly delegate* unmanaged<int*, int, int> cuDeviceGet;
    public readonly delegate* unmanaged<byte*, int, int, int> cuDeviceGetName;
    public readonly delegate* unmanaged<int*, int, int, int> cuDeviceGetAttribute;
    public readonly delegate* unmanaged<nuint*, int, int> cuDeviceTotalMem_v2;
    public readonly delegate* unmanaged<nint*, int, int> cuDevicePrimaryCtxRetain;
    public readonly delegate* unmanaged<int, int> cuDevicePrimaryCtxRelease_v2;
    public readonly delegate* unmanaged<int, int> cuDevicePrimaryCtxReset_v2;
    public readonly delegate* unmanaged<nint, int> cuCtxSetCurrent;
    public readonly delegate* unmanaged<int, byte**, int> cuGetErrorName;
    public readonly delegate* unmanaged<int, byte**, int> cuGetErrorString;
    public readonly delegate* unmanaged<nint*, byte*, uint, int*, nint*, int> cuModuleLoadDataEx;
    public readonly delegate* unmanaged<nint*, nint, byte*, int> cuModuleGetFunction;
    public readonly delegate* unmanaged<nint, int, int, int> cuFuncSetAttribute;
    public readonly delegate* unmanaged<int*, nint, int, nuint, int> cuOccupancyMaxActiveBlocksPerMultiprocessor;
    public readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> cuLaunchKernel;
    public readonly delegate* unmanaged<void*, nint, void**, void**, int> cuLaunchKernelEx;
    public readonly delegate* unmanaged<nuint*, nuint*, int> cuMemGetInfo_v2;
    public readonly delegate* unmanaged<ulong*, nuint, int> cuMemAlloc_v2;
    public readonly delegate* unmanaged<ulong, int> cuMemFree_v2;
    public readonly delegate* unmanaged<void**, nuint, uint, int> cuMemHostAlloc;
    public readonly delegate* unmanaged<void*, int> cuMemFreeHost;
    public readonly delegate* unmanaged<ulong, void*, nuint, nint, int> cuMemcpyHtoDAsync_v2;
    public readonly delegate* unmanaged<void*, ulong, nuint, nint, int> cuMemcpyDtoHAsync_v2;
    public readonly delegate* unmanaged<CudaCopy2D*, nint, int> cuMemcpy2DAsync_v2;
    public readonly delegate* unmanaged<ulong, byte, nuint, nint, int> cuMemsetD8Async;
    public readonly delegate* unmanaged<nint*, uint, int> cuStreamCreate;
    public readonly delegate* unmanaged<nint, int> cuStreamDestroy_v2;
    public readonly delegate* unmanaged<nint, int> cuStreamSynchronize;
    public readonly delegate* unmanaged<nint, nint, uint, int> cuStreamWaitEvent;
    public readonly delegate* unmanaged<nint, int, int> cuStreamBeginCapture_v2;
    public readonly delegate* unmanaged<nint, nint*, int> cuStreamEndCapture;
    public readonly delegate* unmanaged<nint*, uint, int> cuEventCreate;
    public readonly delegate* unmanaged<nint, int> cuEventDestroy_v2;
    public readonly delegate* unmanaged<nint, nint, int> cuEventRecord;
    public readonly delegate* unmanaged<nint, int> cuEventSynchronize;
    public readonly delegate* unmanaged<float*, nint, nint, int> cuEventElapsedTime;
    public readonly delegate* unmanaged<nint*, nint, ulong, int> cuGraphInstantiateWithFlags;
    public readonly delegate* unmanaged<nint, nint, int> cuGraphLaunch;
    public readonly delegate* unmanaged<nint, int> cuGraphDestroy;
    public readonly delegate* unmanaged<nint, int> cuGraphExecDestroy;
    public readonly delegate* unmanaged<
        void*, int, uint, void*, ulong*, ulong*, uint*, uint*, int, int, int, int, int> cuTensorMapEncodeTiled;

    /// <summary>What the emulator exports beside the driver's entry points.</summary>
    public const string EmulatorExport = "emulatorConfigure";

    private const int OutOfMemory = 2;

    /// <summary>Faults after which the context answers nothing else: the process has to start again.</summary>
    private static readonly int[] Sticky = [46, 214, 220, 700, 702, 710, 714, 715, 716, 717, 718, 719];

    private readonly nint _library;

    /// <param name="library">Handle of a loaded library that exports the driver's entry points.</param>
    /// <param name="file">Name of the library, for messages.</param>
    public CudaDriver(nint library, string file)
    {
        (_library, File) = (library, file);
        IsEmulated = NativeLibrary.TryGetExport(library, EmulatorExport, out _);
        cuInit = (delegate* unmanaged<uint, int>)Entry(nameof(cuInit));
        cuDriverGetVersion = (delegate* unmanaged<int*, int>)Entry(nameof(cuDriverGetVersion));
        cuDeviceGetCount = (delegate* unmanaged<int*, int>)Entry(nameof(cuDeviceGetCount));
        cuDeviceGet = (delegate* unmanaged<int*, int, int>)Entry(nameof(cuDeviceGet));
        cuDeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Entry(nameof(cuDeviceGetName));
        cuDeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Entry(nameof(cuDeviceGetAttribute));
        cuDeviceTotalMem_v2 = (delegate* unmanaged<nuint*, int, int>)Entry(nameof(cuDeviceTotalMem_v2));
        cuDevicePrimaryCtxRetain = (delegate* unmanaged<nint*, int, int>)Entry(nameof(cuDevicePrimaryCtxRetain));
        cuDevicePrimaryCtxRelease_v2 = (delegate* unmanaged<int, int>)Entry(nameof(cuDevicePrimaryCtxRelease_v2));
        cuDevicePrimaryCtxReset_v2 = (delegate* unmanaged<int, int>)Entry(nameof(cuDevicePrimaryCtxReset_v2));
        cuCtxSetCurrent = (delegate* unmanaged<nint, int>)Entry(nameof(cuCtxSetCurrent));
        cuGetErrorName = (delegate* unmanaged<int, byte**, int>)Entry(nameof(cuGetErrorName));
        cuGetErrorString = (delegate* unmanaged<int, byte**, int>)Entry(nameof(cuGetErrorString));
        cuModuleLoadDataEx = (delegate* unmanaged<nint*, byte*, uint, int*, nint*, int>)Entry(nameof(cuModuleLoadDataEx));
        cuModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Entry(nameof(cuModuleGetFunction));
        cuFuncSetAttribute = (delegate* unmanaged<nint, int, int, int>)Entry(nameof(cuFuncSetAttribute));
        cuOccupancyMaxActiveBlocksPerMultiprocessor =
            (delegate* unmanaged<int*, nint, int, nuint, int>)Entry(nameof(cuOccupancyMaxActiveBlocksPerMultiprocessor));
        cuLaunchKernel =
            (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Entry(nameof(cuLaunchKernel));
        cuLaunchKernelEx = (delegate* unmanaged<void*, nint, void**, void**, int>)Entry(nameof(cuLaunchKernelEx));
        cuMemGetInfo_v2 = (delegate* unmanaged<nuint*, nuint*, int>)Entry(nameof(cuMemGetInfo_v2));
        cuMemAlloc_v2 = (delegate* unmanaged<ulong*, nuint, int>)Entry(nameof(cuMemAlloc_v2));
        cuMemFree_v2 = (delegate* unmanaged<ulong, int>)Entry(nameof(cuMemFree_v2));
        cuMemHostAlloc = (delegate* unmanaged<void**, nuint, uint, int>)Entry(nameof(cuMemHostAlloc));
        cuMemFreeHost = (delegate* unmanaged<void*, int>)Entry(nameof(cuMemFreeHost));
        cuMemcpyHtoDAsync_v2 = (delegate* unmanaged<ulong, void*, nuint, nint, int>)Entry(nameof(cuMemcpyHtoDAsync_v2));
        cuMemcpyDtoHAsync_v2 = (delegate* unmanaged<void*, ulong, nuint, nint, int>)Entry(nameof(cuMemcpyDtoHAsync_v2));
        cuMemcpy2DAsync_v2 = (delegate* unmanaged<CudaCopy2D*, nint, int>)Entry(nameof(cuMemcpy2DAsync_v2));
        cuMemsetD8Async = (delegate* unmanaged<ulong, byte, nuint, nint, int>)Entry(nameof(cuMemsetD8Async));
        cuStreamCreate = (delegate* unmanaged<nint*, uint, int>)Entry(nameof(cuStreamCreate));
        cuStreamDestroy_v2 = (delegate* unmanaged<nint, int>)Entry(nameof(cuStreamDestroy_v2));
        cuStreamSynchronize = (delegate* unmanaged<nint, int>)Entry(nameof(cuStreamSynchronize));
        cuStreamWaitEvent = (delegate* unmanaged<nint, nint, uint, int>)Entry(nameof(cuStreamWaitEvent));
        cuStreamBeginCapture_v2 = (delegate* unmanaged<nint, int, int>)Entry(nameof(cuStreamBeginCapture_v2));
        cuStreamEndCapture = (delegate* unmanaged<nint, nint*, int>)Entry(nameof(cuStreamEndCapture));
        cuEventCreate = (delegate* unmanaged<nint*, uint, int>)Entry(nameof(cuEventCreate));
        cuEventDestroy_v2 = (delegate* unmanaged<nint, int>)Entry(nameof(cuEventDestroy_v2));
        cuEventRecord = (delegate* unmanaged<nint, nint, int>)Entry(nameof(cuEventRecord));
        cuEventSynchronize = (delegate* unmanaged<nint, int>)Entry(nameof(cuEventSynchronize));
        cuEventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Entry(nameof(cuEventElapsedTime));
        cuGraphInstantiateWithFlags = (delegate* unmanaged<nint*, nint, ulong, int>)Entry(nameof(cuGraphInstantiateWithFlags));
        cuGraphLaunch = (delegate* unmanaged<nint, nint, int>)Entry(nameof(cuGraphLaunch));
        cuGraphDestroy = (delegate* unmanaged<nint, int>)Entry(nameof(cuGraphDestroy));
        cuGraphExecDestroy = (delegate* unmanaged<nint, int>)Entry(nameof(cuGraphExecDestroy));
        cuTensorMapEncodeTiled =
            (delegate* unmanaged<void*, int, uint, void*, ulong*, ulong*, uint*, uint*, int, int, int, int, int>)
            Entry(nameof(cuTensorMapEncodeTiled));
        Check(cuInit(0));
    }

    public string File { get; }

    public bool IsEmulated { get; }

    /// <summary>GPUs that the process may see.</summary>
    public int DeviceCount
    {
        get
        {
            int count;
            Check(cuDeviceGetCount(&count));
            return count;
        }
    }

    /// <summary>1000 * major + 10 * minor of the CUDA version the driver was made for.</summary>
    public int Version
    {
        get
        {
            int version;
            Check(cuDriverGetVersion(&version));
            return version;
        }
    }

    /// <summary>An entry point that only the emulator has.</summary>
    public nint EmulatorEntry(string name) => NativeLibrary.GetExport(_library, name);

    /// <summary>Throws if a call did not succeed; the message names the call.</summary>
    public void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != 0)
            throw Failure(result, call);
    }

    /// <summary>What to throw for a result, with <paramref name="detail"/> or else the driver's own words.</summary>
    public EmergenceException Failure(int result, string call, string? detail = null)
    {
        byte* name = null;
        byte* text = null;
        _ = cuGetErrorName(result, &name);
        _ = cuGetErrorString(result, &text);
        var what = Marshal.PtrToStringUTF8((nint)name) ?? $"CUDA error {result}";
        var message = $"{what} in {CallName(call)}: {detail ?? Marshal.PtrToStringUTF8((nint)text) ?? "unknown error"}";
        if (!Sticky.Contains(result))
            return new(message) { IsOutOfMemory = IsOutOfMemory(result) };
        return new(
            $"{message}; the device is lost to this process, what was finished is kept: run the same command again", ExitCode.TryAgain);
    }

    public static bool IsOutOfMemory(int result) => result == OutOfMemory;

    /// <summary>"driver.cuMemAlloc_v2(&amp;address, bytes)" is cuMemAlloc to the reader.</summary>
    private static string CallName(string call)
    {
        var name = call.AsSpan(0, call.Contains('(', StringComparison.Ordinal) ? call.IndexOf('(', StringComparison.Ordinal) : call.Length);
        name = name[(name.LastIndexOf('.') + 1)..];
        return (name.LastIndexOf("_v") is var version and > 0 ? name[..version] : name).ToString();
    }

    private nint Entry(string name)
    {
        if (NativeLibrary.TryGetExport(_library, name, out var address))
            return address;
        throw new EmergenceException($"{File} has no {name}: expected a driver for CUDA 12.0 or newer");
    }
}

/// <summary>CUDA_MEMCPY2D of cuda.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaCopy2D
{
    public nuint SourceX, SourceY;
    public int SourceType;
    public nint SourceHost;
    public ulong SourceDevice;
    public nint SourceArray;
    public nuint SourcePitch, TargetX, TargetY;
    public int TargetType;
    public nint TargetHost;
    public ulong TargetDevice;
    public nint TargetArray;
    public nuint TargetPitch, Width, Height;

    public const int Host = 1, Device = 2;
}
