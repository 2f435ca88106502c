using System.Diagnostics;
using System.Runtime.InteropServices;
using Emergence.Devices.Cuda;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>NVIDIA's assembler and run-time compiler from the folder that native/get-cuda-checkers.sh fills, or a skipped test.</summary>
internal static class CudaCheckers
{
    private const string Variable = "EMERGENCE_CUDA_CHECKERS";

    private static readonly Lazy<NvrtcCompiler> s_nvrtc = new(() =>
    {
        // NVRTC looks for its second half by name; one that is loaded already is found.
        var libraries = Path.Combine(Folder, "usr", "lib", "x86_64-linux-gnu");
        NativeLibrary.Load(Directory.EnumerateFiles(libraries, "libnvrtc-builtins.so.*").Order(StringComparer.Ordinal).First());
        var file = Path.Combine(libraries, "libnvrtc.so.12");
        return new NvrtcCompiler(NativeLibrary.Load(file), file);
    });

    private static string Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder && File.Exists(Path.Combine(folder, "usr", "bin", "ptxas")))
                return folder;
            Assert.Skip($"{Variable} names no folder with ptxas: native/get-cuda-checkers.sh FOLDER fills one");
            return "";
        }
    }

    public static NvrtcCompiler Nvrtc()
    {
        _ = Folder;
        return s_nvrtc.Value;
    }

    /// <summary>What ptxas -v says about a file, line by line.</summary>
    public static IReadOnlyList<string> Assemble(string ptx, string gpu)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(Folder, "usr", "bin", "ptxas"), ["-v", "--gpu-name", gpu, ptx, "-o", ptx + ".cubin"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var report = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, report);
        return report.Split('\n');
    }
}
