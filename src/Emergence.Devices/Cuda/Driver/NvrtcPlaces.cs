namespace Emergence.Devices.Cuda.Driver;

/// <summary>Where NVIDIA's run-time compiler may be, and where its results are kept.</summary>
internal static class NvrtcPlaces
{
    private static readonly string[] s_names = OperatingSystem.IsWindows()
        ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]
        : ["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"];

    /// <summary>Folder of compiled kernels, as the XDG convention says.</summary>
    public static string Cache => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "emergence",
        "kernels");

    /// <summary>Candidates in the order in which they are tried; a bare name is the loader's to find.</summary>
    public static IEnumerable<string> All() => s_names
        .Concat(ToolkitFolders().SelectMany(folder => s_names.Select(name => Path.Combine(folder, name))))
        .Concat(PythonFolders().SelectMany(WheelFiles));

    /// <summary>The libraries of built-in code in the folder of an NVRTC; none for a bare name.</summary>
    public static IEnumerable<string> BuiltinsBeside(string file) =>
        Path.GetDirectoryName(file) is { Length: > 0 } folder && File.Exists(file) ? Directory.EnumerateFiles(folder, "*nvrtc-builtins*").Order(StringComparer.Ordinal) : [];

    private static IEnumerable<string> ToolkitFolders() =>
        from root in new[] { Environment.GetEnvironmentVariable("CUDA_HOME"), Environment.GetEnvironmentVariable("CUDA_PATH"), "/usr/local/cuda" }
        where !string.IsNullOrEmpty(root)
        from folder in new[] { "lib64", "lib", "bin" }
        select Path.Combine(root, folder);

    /// <summary>Package folders of the Python environments in sight.</summary>
    private static IEnumerable<string> PythonFolders()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string?[] roots = [Environment.GetEnvironmentVariable("VIRTUAL_ENV"), Environment.GetEnvironmentVariable("CONDA_PREFIX"), Path.Combine(home, ".local"), "/usr/local", "/usr", "/opt/conda"];
        return from root in roots
               where !string.IsNullOrEmpty(root) && Directory.Exists(Path.Combine(root, "lib"))
               from python in Directory.EnumerateDirectories(Path.Combine(root, "lib"), "python3*").OrderDescending(StringComparer.Ordinal)
               from packages in new[] { "site-packages", "dist-packages" }
               select Path.Combine(python, packages);
    }

    /// <summary>The nvidia wheels that PyTorch brings: nvidia/cuda_nvrtc/lib (CUDA 12), nvidia/cu13/lib (CUDA 13).</summary>
    private static IEnumerable<string> WheelFiles(string packages)
    {
        var nvidia = Path.Combine(packages, "nvidia");
        if (!Directory.Exists(nvidia))
            return [];
        return from package in Directory.EnumerateDirectories(nvidia).Order(StringComparer.Ordinal)
               let folder = Path.Combine(package, "lib")
               where Directory.Exists(folder)
               from file in Directory.EnumerateFiles(folder, "libnvrtc.so*").Order(StringComparer.Ordinal)
               select file;
    }
}
