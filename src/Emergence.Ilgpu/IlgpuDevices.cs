using System.Diagnostics.CodeAnalysis;
using Emergence.Devices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Hardware = ILGPU.Runtime.Device;

namespace Emergence.Ilgpu;

/// <summary>What ILGPU can compute on here: NVIDIA's GPUs by PTX, then OpenCL's GPUs, then its other devices, processors last.</summary>
public static class IlgpuDevices
{
    internal const string Name = "ilgpu";

    private const string Missing = "install the GPU's driver with its OpenCL, or for this processor pocl-opencl-icd and ocl-icd-libopencl1";

    private static readonly Lock s_gate = new();

    // What is open stays open: kernels are compiled at their first use, which takes longer than they do.
    private static readonly Dictionary<int, IlgpuMachine> s_machines = [];

    static IlgpuDevices() => OpenClLibrary.Resolve();

    /// <summary>To be added to the table of devices. Never taken by itself: no results of hardware are recorded yet.</summary>
    public static DeviceRow Row { get; } = new(
        Name, "any GPU or OpenCL device by kernels in C#, the best of them or ilgpu:N", () => false, options => Open(options.Number),
        Count: () => Count);

    /// <summary>How many there are.</summary>
    internal static int Count
    {
        get
        {
            using var context = CreateContext();
            return Sorted(context).Count;
        }
    }

    /// <summary>All options that decide about bytes: loops and calls are gone from the code, and no function is approximated.</summary>
    internal static Context.Builder Configure(Context.Builder builder) =>
        builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive).Math(MathMode.Default);

    private static IlgpuDevice Open(int? number)
    {
        lock (s_gate)
        {
            var index = number ?? 0;
            if (!s_machines.TryGetValue(index, out var machine) || machine.IsBroken)
                s_machines[index] = machine = OpenMachine(index);
            return new(machine, number);
        }
    }

    private static IlgpuMachine OpenMachine(int index)
    {
        var context = CreateContext();
        try
        {
            var devices = Sorted(context);
            if (devices.Count == 0 && !OpenClLibrary.IsHere)
                throw new EmergenceException($"found no OpenCL library (libOpenCL.so.1) and no NVIDIA driver: {Missing}");
            if (devices.Count == 0)
                throw new EmergenceException($"OpenCL's library lists no device, and there is no NVIDIA driver: {Missing}");
            if (index >= devices.Count)
                throw new EmergenceException($"expected {Name}:0 .. {Name}:{devices.Count - 1}, found {Name}:{index}", ExitCode.Usage);
            var device = devices[index];
            if (device.MaxNumThreadsPerGroup < IlgpuMachine.GroupSize)
            {
                throw new EmergenceException(
                    $"expected groups of {IlgpuMachine.GroupSize} threads, found {device.MaxNumThreadsPerGroup} on {device.Name}");
            }

            return new(context, device);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>ILGPU's own stand-in for a processor, a thousand times slower than OpenCL on it, is for debugging and left out.</summary>
    private static Context CreateContext() => Context.Create(builder =>
    {
        Configure(builder).Cuda();
        if (OpenClLibrary.IsHere)
            builder.OpenCL(_ => true);
    });

    private static List<Hardware> Sorted(Context context)
    {
        List<Hardware> devices = [.. context.Devices.Where(device => device is CudaDevice or CLDevice).OrderBy(Rank)];
        foreach (var device in devices.OfType<CLDevice>())
            AllowWithoutGenericAddresses(device.Capabilities);
        return devices;

        static int Rank(Hardware device) => device switch
        {
            CudaDevice => 0,
            CLDevice { DeviceType: CLDeviceType.CL_DEVICE_TYPE_GPU } => 1,
            CLDevice { DeviceType: CLDeviceType.CL_DEVICE_TYPE_CPU } => 3,
            _ => 2,
        };
    }

    /// <summary>
    /// ILGPU refuses devices that lack OpenCL's generic address space, such as PoCL 3.1. After inlining, every address in our
    /// kernels is known to be global or a group's, so that the code never names it: the capability is claimed if it is absent.
    /// </summary>
    [DynamicDependency(nameof(CLCapabilityContext.GenericAddressSpace), typeof(CLCapabilityContext))]
    private static void AllowWithoutGenericAddresses(CLCapabilityContext capabilities)
    {
        if (!capabilities.GenericAddressSpace)
            typeof(CLCapabilityContext).GetProperty(nameof(CLCapabilityContext.GenericAddressSpace))!.SetValue(capabilities, true);
    }
}
