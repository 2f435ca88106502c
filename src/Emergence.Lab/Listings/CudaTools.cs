using System.Diagnostics;

namespace Emergence.Lab.Listings;

/// <summary>
/// NVIDIA's assembler and disassembler, from the folder that native/get-cuda-checkers.sh fills or from a CUDA toolkit's: they
/// need no GPU.
/// </summary>
internal sealed class CudaTools
{
    /// <summary>Names the folder.</summary>
    public const string Variable = "EMERGENCE_CUDA_CHECKERS";

    private readonly string _programs;

    private CudaTools(string folder, string programs) => (Folder, _programs) = (folder, programs);

    public string Folder { get; }

    /// <summary>The run-time compiler in the same folder.</summary>
    public string Nvrtc => Path.Combine(Folder, "usr", "lib", "x86_64-linux-gnu", "libnvrtc.so.12");

    /// <summary>Release, such as 12.4.</summary>
    public string Version => AssemblyReport.Release(Run("ptxas", ["--version"]).Output);

    /// <summary>The tools, or none.</summary>
    public static CudaTools? Find() => At(Environment.GetEnvironmentVariable(Variable));

    public static CudaTools? At(string? folder) =>
        string.IsNullOrEmpty(folder) ? null
            : new[] { Path.Combine(folder, "usr", "bin"), Path.Combine(folder, "bin") }.FirstOrDefault(programs => File.Exists(Path.Combine(programs, "ptxas"))) is { } found ? new(folder, found) : null;

    public static CudaTools Require() => Find() ?? throw new EmergenceException($"expected {Variable} to name a folder with NVIDIA's assembler: native/get-cuda-checkers.sh FOLDER fills one, a CUDA toolkit's does too", ExitCode.Usage);

    /// <summary>Assembles PTX for a GPU such as sm_80: what ptxas says, and the machine code as text.</summary>
    public (string Report, string Listing) Assemble(string name, string ptx, string gpu)
    {
        var folder = Directory.CreateTempSubdirectory("emergence-ptx-").FullName;
        try
        {
            var (source, code) = (Path.Combine(folder, name), Path.Combine(folder, name + ".cubin"));
            File.WriteAllText(source, ptx);
            var assembled = Run("ptxas", ["-v", "--gpu-name", gpu, source, "-o", code]);
            if (assembled.Code != 0)
                throw new EmergenceException($"ptxas refuses {name} for {gpu}: {assembled.Output.Trim()}");
            var listed = Run("nvdisasm", ["-c", code]);
            if (listed.Code != 0)
                throw new EmergenceException($"nvdisasm refuses {name} for {gpu}: {listed.Output.Trim()}");
            return (assembled.Output, listed.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private (int Code, string Output) Run(string tool, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(_programs, tool), arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
