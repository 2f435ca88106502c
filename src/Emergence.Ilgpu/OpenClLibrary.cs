using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Emergence.Ilgpu;

/// <summary>Where OpenCL's loader lies: ILGPU asks for a name that only development packages have.</summary>
internal static class OpenClLibrary
{
    private const string Linux = "libOpenCL.so.1";

    private static readonly Lazy<nint> s_library = new(() => NativeLibrary.TryLoad(Linux, out var library) ? library : 0);

    /// <summary>Whether ILGPU will find it.</summary>
    public static bool IsHere => OperatingSystem.IsLinux() ? s_library.Value != 0 : NativeLibrary.TryLoad("OpenCL", out _);

    /// <summary>Answers ILGPU's question; once a process.</summary>
    public static void Resolve()
    {
        if (OperatingSystem.IsLinux())
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) =>
                name.Contains("OpenCL", StringComparison.Ordinal) ? s_library.Value : 0;
    }
}
