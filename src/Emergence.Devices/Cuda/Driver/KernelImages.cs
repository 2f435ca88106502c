using System.Reflection;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>What the driver makes a module of.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Text">PTX, or what the emulator knows a file by.</param>
internal readonly record struct KernelImage(string Name, string Text);

/// <summary>
/// Chooses a module for a GPU: embedded PTX for its capability, else the embedded sources compiled by NVRTC. PTX for
/// sm_90a runs on 9.0 only, so every other GPU from 8.0 on gets sm_80.
/// </summary>
/// <param name="context">Context of the GPU.</param>
/// <param name="chosen">Compiles instead of taking what is embedded; null: compile only if nothing is embedded.</param>
internal sealed class KernelImages(CudaContext context, NvrtcCompiler? chosen)
{
    private const int Oldest = 80, Hopper = 90;
    private const string ResourceFolder = "kernels/";

    private NvrtcCompiler? _found;

    /// <summary>Whether there is code for this GPU, or a compiler that makes it.</summary>
    public bool HasCode =>
        context.Traits.Capability >= Oldest
        && (chosen != null || IsEmbedded || NvrtcCompiler.Find(context.Driver.Version) != null);

    private static bool IsEmbedded => Resources("").Any(name => name.EndsWith(".sm_80.ptx", StringComparison.Ordinal));

    public KernelImage For(string file) => context.Driver.IsEmulated
        ? new(file, $"// emulated {file}.cu")
        : For(file, context.Traits.Capability, () => _found ??= NvrtcCompiler.Find(context.Driver.Version));

    /// <summary>The module for a GPU, which the emulator is not.</summary>
    /// <param name="file">Base name of the source.</param>
    /// <param name="capability">Compute capability, 90 for 9.0.</param>
    /// <param name="find">Finds a compiler if no other was chosen and nothing is embedded, or returns null.</param>
    internal KernelImage For(string file, int capability, Func<NvrtcCompiler?> find)
    {
        if (capability < Oldest)
            throw new EmergenceException(
                $"{context.Traits.Name} has compute capability {capability / 10}.{capability % 10}: expected 8.0 or newer");
        string[] targets = capability == Hopper ? ["sm_90a", "sm_80"] : ["sm_80"];
        foreach (var target in chosen == null ? targets : [])
        {
            var name = $"{file}.{target}.ptx";
            if (Resource(name) is { } ptx)
                return new(name, ptx);
        }

        var compiler = chosen ?? find() ?? throw new EmergenceException(
            "this build has no embedded GPU code and found no NVRTC to make it: install it (apt install libnvrtc12, or pip install " +
            "nvidia-cuda-nvrtc-cu12), let CUDA_HOME name a CUDA toolkit, give --nvrtc FILE, or build with clang 19 or newer and CMake");
        return compiler.Compile(file, targets[0], context.Driver.Version);
    }

    /// <summary>Text of an embedded file of kernels/, or null.</summary>
    public static string? Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(ResourceFolder + name);
        return stream == null ? null : new StreamReader(stream).ReadToEnd();
    }

    /// <summary>Names of the embedded files below <paramref name="folder"/>, such as "include/".</summary>
    public static IEnumerable<string> Resources(string folder) =>
        Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourceFolder + folder, StringComparison.Ordinal))
            .Select(name => name[ResourceFolder.Length..])
            .Order(StringComparer.Ordinal);
}
