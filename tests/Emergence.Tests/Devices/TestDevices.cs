using Emergence.Devices;
using Emergence.Devices.Cpu;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Reference;
using Emergence.Ilgpu;

namespace Emergence.Tests.Devices;

/// <summary>
/// The devices that tests run on: every row of the table (a GPU where there is a driver) and every path of the CPU device that this
/// machine has. The emulator is skipped where it was not built, ILGPU where it finds no device.
/// </summary>
public static class TestDevices
{
    private static readonly Dictionary<string, Device> s_open = [];
    private static readonly Lazy<int> s_ilgpu = new(() => IlgpuDevices.Count);

    /// <summary>"name" or "name/path".</summary>
    public static TheoryData<string> Names { get; } = [.. DeviceTable.Rows.Where(row => row.Name != "cuda" || CudaLibrary.HasDriver)
        .SelectMany(row => row.Name == "cpu" ? CpuDevice.Paths.Select(path => $"cpu/{path}") : [row.Name])];

    /// <summary>All but the one that the others are compared with.</summary>
    public static TheoryData<string> Fast { get; } = [.. Names.Select(row => row.Data).Where(name => name != "reference")];

    public static Device Reference { get; } = new ReferenceDevice();

    /// <summary>Those that unpack weights by the definition of their form, as far as they are there.</summary>
    public static IEnumerable<Device> OfForms => CudaLibrary.FindEmulator() == null ? [Reference] : [Reference, Get("emulator")];

    /// <summary>Where it is 1, tests run on ILGPU that take long there.</summary>
    private const string LongVariable = "EMERGENCE_TEST_ILGPU";

    /// <summary>Skips, unless it is asked for, what takes long on ILGPU and whose parts are all tested there elsewhere.</summary>
    public static void SkipLong(string name) => Assert.SkipWhen(
        name == IlgpuDevices.Name && Environment.GetEnvironmentVariable(LongVariable) != "1", $"runs on ILGPU where {LongVariable} is 1");

    /// <summary>As <see cref="Get"/>, for a test that <see cref="SkipLong"/> is about.</summary>
    public static Device GetForLong(string name)
    {
        SkipLong(name);
        return Get(name);
    }

    /// <summary>Opened once a process.</summary>
    public static Device Get(string name)
    {
        lock (s_open)
        {
            if (!s_open.TryGetValue(name, out var device))
                s_open[name] = device = Create(name, 0);
            return device;
        }
    }

    public static Device Create(string name, int threads)
    {
        if (name == "emulator" && CudaLibrary.FindEmulator() == null)
            Assert.Skip("the emulator is not built: CMake and a C++ compiler make it");
        if (name == IlgpuDevices.Name && s_ilgpu.Value == 0)
            Assert.Skip("ILGPU finds neither OpenCL with a device nor an NVIDIA GPU: pocl-opencl-icd and ocl-icd-libopencl1 bring one");
        var parts = name.Split('/');
        return DeviceTable.Create(parts[0], new DeviceOptions(threads, parts.Length > 1 ? parts[1] : null));
    }
}
