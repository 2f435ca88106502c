using Emergence.Devices.Cpu;
using Emergence.Devices.Cuda;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>What a user chooses about a device.</summary>
/// <param name="Threads">Number of host threads; 0: one for each processor.</param>
/// <param name="CpuPath">Arithmetic path of the CPU device by name; none: the fastest one this machine has.</param>
/// <param name="NvrtcFile">NVIDIA's run-time compiler, used instead of the embedded GPU code; none: only where there is no such code.</param>
/// <param name="Arithmetic">Float32, or BFloat16 where the device has it: operands of products are rounded to it.</param>
public sealed record DeviceOptions(int Threads = 0, string? CpuPath = null, string? NvrtcFile = null, DType Arithmetic = DType.Float32);

/// <summary>One device the program knows.</summary>
/// <param name="Name">The word the command line uses.</param>
/// <param name="About">One line for the help.</param>
/// <param name="Automatic">Whether "auto" may take it on this machine.</param>
/// <param name="Create">Opens it, or says why it cannot be opened.</param>
/// <param name="HasBFloat16">Whether it computes in BFloat16 on request.</param>
public sealed record DeviceRow(string Name, string About, Func<bool> Automatic, Func<DeviceOptions, Device> Create, bool HasBFloat16 = false);

/// <summary>All devices: adding one is one row.</summary>
public static class DeviceTable
{
    /// <summary>The name that stands for the first row that says so.</summary>
    public const string Auto = "auto";

    /// <summary>The one whose sizes must be small.</summary>
    public const string Emulator = "emulator";

    private const string Cuda = "cuda";

    /// <summary>"auto" tries them in this order.</summary>
    public static IReadOnlyList<DeviceRow> Rows { get; } =
    [
        new(Cuda, "an NVIDIA GPU of compute capability 8.0 or newer", () => CudaDevice.IsHere, options => CudaDevice.OpenGpu(options.NvrtcFile, options.Arithmetic), HasBFloat16: true),
        new("cpu", "this processor, single precision, vector instructions, all threads", () => true, options => new CpuDevice(options)),
        new(Emulator, "the GPU's kernels and launches on the CPU, checked while they run (slow)", () => false, options => CudaDevice.OpenEmulator(options.Arithmetic), HasBFloat16: true),
        new("reference", "plain loops in double precision: the oracle of the tests", () => false, _ => new ReferenceDevice()),
    ];

    public static Device Create(string name, DeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Threads < 0)
            throw new EmergenceException($"expected a number of threads of 1 or more, or 0 for all, found {options.Threads}", ExitCode.Usage);
        var row = Find(name);
        if (options.Arithmetic != DType.Float32 && !(options.Arithmetic == DType.BFloat16 && row.HasBFloat16))
            throw new EmergenceException($"device {row.Name} does not compute in {options.Arithmetic}", ExitCode.Usage);
        if (options.NvrtcFile != null && row.Name != Cuda)
            throw new EmergenceException($"expected device {Cuda} beside a run-time compiler for GPU code, found device {row.Name}", ExitCode.Usage);
        return row.Create(options);
    }

    /// <summary>The row of that name, or the one that "auto" takes on this machine.</summary>
    public static DeviceRow Find(string name) =>
        Rows.FirstOrDefault(r => name == Auto ? r.Automatic() : r.Name == name)
            ?? throw new EmergenceException($"unknown device '{name}': choose {Auto}, {string.Join(", ", Rows.Select(r => r.Name))}", ExitCode.Usage);
}
