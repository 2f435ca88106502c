using Emergence.Devices.Cpu;
using Emergence.Devices.Cuda;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>What a user chooses about a device.</summary>
/// <param name="Threads">Number of host threads; 0: one for each processor.</param>
/// <param name="CpuPath">Arithmetic path of the CPU device by name; null: the fastest one this machine has.</param>
/// <param name="NvrtcFile">
/// NVIDIA's run-time compiler, used instead of the embedded GPU code; null: used only if there is no such code.
/// </param>
/// <param name="Arithmetic">Float32, or BFloat16 where the device has it: operands of products are rounded to it.</param>
/// <param name="Memory">
/// Bytes that a run may take: of the host all that the process holds, of a GPU what is allocated there; null: what is free.
/// </param>
public sealed record DeviceOptions(
    int Threads = 0, string? CpuPath = null, string? NvrtcFile = null, DType Arithmetic = DType.Float32, long? Memory = null);

/// <summary>One device the program knows.</summary>
/// <param name="Name">The word the command line uses.</param>
/// <param name="About">One line for the help.</param>
/// <param name="Automatic">Whether "auto" may take it on this machine.</param>
/// <param name="Create">Opens it, or says why it cannot be opened.</param>
/// <param name="HasBFloat16">Whether it computes in BFloat16 on request.</param>
public sealed record DeviceRow(
    string Name, string About, Func<bool> Automatic, Func<DeviceOptions, Device> Create, bool HasBFloat16 = false);

/// <summary>All devices: adding one is one row.</summary>
public static class DeviceTable
{
    /// <summary>Stands for the first row that may be taken automatically on this machine.</summary>
    public const string Auto = "auto";

    private const string Cuda = "cuda";

    /// <summary>The devices in the order in which <see cref="Auto"/> tries them.</summary>
    public static IReadOnlyList<DeviceRow> Rows { get; } =
    [
        new(
            Cuda, "an NVIDIA GPU of compute capability 8.0 or newer", () => CudaDevice.IsHere,
            options => CudaDevice.OpenGpu(options.NvrtcFile, options.Arithmetic), HasBFloat16: true),
        new("cpu", "this processor, single precision, vector instructions, all threads", () => true, options => new CpuDevice(options)),
        new(
            "emulator", "the GPU's kernels and launches on the CPU, checked while they run (slow)", () => false,
            options => CudaDevice.OpenEmulator(options.Arithmetic), HasBFloat16: true),
        new("reference", "plain loops in double precision: the oracle of the tests", () => false, _ => new ReferenceDevice()),
    ];

    public static Device Create(string name, DeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Threads < 0)
            throw new EmergenceException(
                $"expected a number of threads of 1 or more, or 0 for all, found {options.Threads}", ExitCode.Usage);
        var row = Find(name);
        if (options.Arithmetic != DType.Float32 && !(options.Arithmetic == DType.BFloat16 && row.HasBFloat16))
            throw new EmergenceException($"device {row.Name} does not compute in {options.Arithmetic}", ExitCode.Usage);
        if (options.NvrtcFile != null && row.Name != Cuda)
            throw new EmergenceException(
                $"expected device {Cuda} beside a run-time compiler for GPU code, found device {row.Name}", ExitCode.Usage);
        var device = row.Create(options);
        device.MemoryLimit = options.Memory;
        return device;
    }

    /// <summary>The row of that name, or the one that "auto" takes on this machine.</summary>
    public static DeviceRow Find(string name) =>
        Rows.FirstOrDefault(r => name == Auto ? r.Automatic() : r.Name == name)
            ?? throw new EmergenceException(
                $"unknown device '{name}': choose {Auto}, {string.Join(", ", Rows.Select(r => r.Name))}", ExitCode.Usage);
}
