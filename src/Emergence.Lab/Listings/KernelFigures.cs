using System.Globalization;
using System.Text.RegularExpressions;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Lab.Listings;

/// <summary>What can be said about a kernel on a GPU without running it.</summary>
/// <param name="File">Base name of its source.</param>
/// <param name="Gpu">The target it was assembled for.</param>
/// <param name="Threads">Of a block.</param>
/// <param name="Assembled">Registers, shared memory, stack, spills.</param>
/// <param name="DynamicSharedBytes">Of a block, above the static ones.</param>
/// <param name="Loop">Instructions of its main loop.</param>
/// <param name="Local">Instructions to local memory in the whole kernel.</param>
internal sealed partial record KernelFigures(string File, string Gpu, int Threads, AssemblyReport Assembled, int DynamicSharedBytes, InstructionCounts Loop, int Local)
{
    public string Kernel => Assembled.Kernel;

    public int SharedBytes => Assembled.SharedBytes + DynamicSharedBytes;

    /// <summary>On the multiprocessor of an A100 or H100.</summary>
    public int BlocksPerMultiprocessor => MultiprocessorLimits.Of(Gpu).BlocksOf(Threads, Assembled.Registers, SharedBytes);

    /// <summary>Names of the embedded PTX.</summary>
    public static IReadOnlyList<string> EmbeddedPtx => [.. KernelImages.Resources("").Where(name => name.EndsWith(".ptx", StringComparison.Ordinal))];

    /// <summary>GPUs that a PTX file such as matmul.sm_80.ptx is assembled for.</summary>
    public static IReadOnlyList<string> TargetsOf(string name) => name.Contains(".sm_90a.", StringComparison.Ordinal) ? ["sm_90a"] : ["sm_80", "sm_90"];

    /// <summary>All kernels of one embedded PTX file on one GPU, and what ptxas complains about.</summary>
    public static (IReadOnlyList<KernelFigures> Kernels, IReadOnlyList<string> Complaints) Of(CudaTools tools, string name, string gpu)
    {
        var ptx = KernelImages.Resource(name)!;
        var (report, listing) = tools.Assemble(name, ptx, gpu);
        var listings = SassListing.Parse(listing).ToDictionary(sass => sass.Kernel);
        var threads = Entry().Matches(ptx).ToDictionary(entry => entry.Groups["name"].Value, entry => int.Parse(entry.Groups["threads"].Value, CultureInfo.InvariantCulture));
        var file = name.Split('.')[0];
        var kernels = AssemblyReport.Parse(report).Select(assembled => new KernelFigures(
            file,
            gpu,
            threads[assembled.Kernel],
            assembled,
            KernelTable.Rows.FirstOrDefault(row => row.File == file && row.Name == assembled.Kernel)?.SharedBytes ?? 0,
            listings[assembled.Kernel].MainLoop,
            listings[assembled.Kernel].Whole.Local));
        return ([.. kernels.OrderBy(kernel => kernel.Kernel, StringComparer.Ordinal)], AssemblyReport.Complaints(report));
    }

    /// <summary>Every embedded kernel on every GPU it is for.</summary>
    public static IReadOnlyList<KernelFigures> All(CudaTools tools) =>
        EmbeddedPtx is { Count: > 0 } names
            ? [.. names.SelectMany(name => TargetsOf(name).SelectMany(gpu => Of(tools, name, gpu).Kernels))]
            : throw new EmergenceException("this build has no embedded GPU code: CMake and clang 19 or newer make it");

    [GeneratedRegex(@"\.entry (?<name>\w+)\([^{]*?\.maxntid (?<threads>\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Entry();
}
