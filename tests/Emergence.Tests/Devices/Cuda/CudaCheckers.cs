using System.Collections.Concurrent;
using Emergence.Devices.Cuda.Driver;
using Emergence.Lab.Listings;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>NVIDIA's assembler and run-time compiler, or a skipped test.</summary>
internal static class CudaCheckers
{
    private static readonly ConcurrentDictionary<(string Name, string Gpu), Lazy<(IReadOnlyList<KernelFigures>, IReadOnlyList<string>)>> s_figures = [];
    private static readonly Lazy<NvrtcCompiler> s_nvrtc = new(() => NvrtcCompiler.Open(Tools.Nvrtc));

    public static CudaTools Tools
    {
        get
        {
            if (CudaTools.Find() is { } tools)
                return tools;
            Assert.Skip($"{CudaTools.Variable} names no folder with ptxas: native/get-cuda-checkers.sh FOLDER fills one");
            return null!;
        }
    }

    /// <summary>As CMake found it, for the PTX.</summary>
    public static string Compiler
    {
        get
        {
            const string Entry = "EMERGENCE_CLANG:FILEPATH=";
            var cache = Path.Combine(TestData.Repository, "build", "CMakeCache.txt");
            return File.Exists(cache) && File.ReadLines(cache).FirstOrDefault(line => line.StartsWith(Entry, StringComparison.Ordinal)) is { } line ? line[Entry.Length..] : "an unknown compiler";
        }
    }

    /// <summary>Of an embedded PTX file on a GPU; assembled once.</summary>
    public static (IReadOnlyList<KernelFigures> Kernels, IReadOnlyList<string> Complaints) Figures(string name, string gpu)
    {
        var tools = Tools;
        return s_figures.GetOrAdd((name, gpu), of => new(() => KernelFigures.Of(tools, of.Name, of.Gpu))).Value;
    }

    public static NvrtcCompiler Nvrtc()
    {
        _ = Tools;
        return s_nvrtc.Value;
    }
}
