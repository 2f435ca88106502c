using System.Globalization;
using Emergence.Devices.Cpu;
using Emergence.Devices.Cuda;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>What a user chooses about a device.</summary>
/// <param name="Threads">Number of host threads; 0: one for each processor.</param>
/// <param name="CpuPath">Kernel of the CPU device by name; null: the fastest one this machine has.</param>
/// <param name="NvrtcFile">
/// NVIDIA's run-time compiler, used instead of the embedded GPU code; null: used only if there is no such code.
/// </param>
/// <param name="Arithmetic">Float32, or BFloat16 if the device has it: operands of products are rounded to it.</param>
/// <param name="Memory">
/// Bytes that a run may take: of the host all that the process holds, of a GPU what is allocated there; null: what is free.
/// </param>
/// <param name="Number">Which one, if there are several of a name; null: the best. Written behind the name: "ilgpu:1".</param>
public sealed record DeviceOptions(
    int Threads = 0, string? CpuPath = null, string? NvrtcFile = null, DType Arithmetic = DType.Float32, long? Memory = null,
    int? Number = null);

/// <summary>One device the program knows.</summary>
/// <param name="Name">The word the command line uses.</param>
/// <param name="About">One line for the help.</param>
/// <param name="Automatic">Whether "auto" may take it on this machine.</param>
/// <param name="Create">Opens it, or says why it cannot be opened.</param>
/// <param name="HasBFloat16">Whether it computes in BFloat16 on request.</param>
/// <param name="Count">How many this machine has, for a name that stands for several; null: it stands for one.</param>
public sealed record DeviceRow(
    string Name, string About, Func<bool> Automatic, Func<DeviceOptions, Device> Create, bool HasBFloat16 = false, Func<int>? Count = null)
{
    /// <summary>What the command line may ask for: the name, or each of several by its number.</summary>
    public IReadOnlyList<string> Names =>
        Count?.Invoke() is > 1 and var count
            ? [.. Enumerable.Range(0, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"{Name}:{number}"))]
            : [Name];
}

/// <summary>All devices: adding one is one row.</summary>
public static class DeviceTable
{
    /// <summary>Stands for the first row that may be taken automatically on this machine.</summary>
    public const string Auto = "auto";

    private const string Cuda = "cuda";

    private static readonly List<DeviceRow> s_rows =
    [
        new(
            Cuda, "an NVIDIA GPU of compute capability 8.0 or newer", () => CudaDevice.IsHere,
            options => CudaDevice.OpenGpu(options.NvrtcFile, options.Arithmetic, options.Number ?? 0), HasBFloat16: true,
            Count: () => CudaDevice.CountGpus),
        new("cpu", "this processor, single precision, vector instructions, all threads", () => true, options => new CpuDevice(options)),
        new(
            "emulator", "the GPU's kernels and launches on the CPU, checked while they run (slow)", () => false,
            options => CudaDevice.OpenEmulator(options.Arithmetic, options.Number ?? 0), HasBFloat16: true,
            Count: () => CudaDevice.CountEmulated),
        new("reference", "plain loops in double precision: the oracle of the tests", () => false, _ => new ReferenceDevice()),
    ];

    /// <summary>The devices in the order in which <see cref="Auto"/> tries them.</summary>
    public static IReadOnlyList<DeviceRow> Rows => s_rows;

    /// <summary>Adds a device of another project, before anything asks for one.</summary>
    public static void Add(DeviceRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (s_rows.Exists(known => known.Name == row.Name))
            throw new ArgumentException($"there is a device {row.Name} already");
        s_rows.Add(row);
    }

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
        var device = row.Create(Number(name, row) is { } number ? options with { Number = number } : options);
        device.MemoryLimit = options.Memory;
        return device;
    }

    /// <summary>The row of that name, with a number behind it or none, or the one that "auto" takes on this machine.</summary>
    public static DeviceRow Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var word = name.Split(':', 2)[0];
        return Rows.FirstOrDefault(r => name == Auto ? r.Automatic() : r.Name == word)
            ?? throw new EmergenceException(
                $"unknown device '{name}': choose {Auto}, {string.Join(", ", Rows.Select(r => r.Name))}", ExitCode.Usage);
    }

    /// <summary>N of "name:N"; null if there is none.</summary>
    private static int? Number(string name, DeviceRow row)
    {
        if (name.Split(':', 2) is not [_, var word])
            return null;
        if (row.Count == null)
            throw new EmergenceException($"expected device {row.Name} without a number, found '{name}'", ExitCode.Usage);
        return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new EmergenceException($"expected a number of 0 or more behind {row.Name}:, found '{word}'", ExitCode.Usage);
    }
}
