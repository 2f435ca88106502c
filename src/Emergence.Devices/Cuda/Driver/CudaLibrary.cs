using System.Runtime.InteropServices;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>Finds the library behind the driver's entry points.</summary>
internal static class CudaLibrary
{
    /// <summary>Names the emulator's library if it is not in the build folder.</summary>
    public const string EmulatorVariable = "EMERGENCE_EMULATOR";

    private static string DriverFile => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    public static bool HasDriver
    {
        get
        {
            if (!NativeLibrary.TryLoad(DriverFile, out var library))
                return false;
            NativeLibrary.Free(library);
            return true;
        }
    }

    public static CudaDriver LoadDriver()
    {
        if (NativeLibrary.TryLoad(DriverFile, out var library))
            return new(library, DriverFile);
        throw new EmergenceException($"no NVIDIA driver: {DriverFile} was not found; install the driver, or choose another --device");
    }

    public static CudaDriver LoadEmulator()
    {
        var file = FindEmulator() ?? throw new EmergenceException(
            $"no emulator: build it with 'cmake -S . -B build && cmake --build build --target emulator' in the source folder, or let " +
            $"{EmulatorVariable} name its library");
        if (NativeLibrary.TryLoad(file, out var library) && NativeLibrary.TryGetExport(library, CudaDriver.EmulatorExport, out _))
            return new(library, file);
        var found = !File.Exists(file) ? "nothing" : library == 0 ? "no library" : "another library";
        throw new EmergenceException($"expected the emulator's library at {file} ({EmulatorVariable}), found {found}");
    }

    /// <summary>
    /// The emulator's library, or null: named by <see cref="EmulatorVariable"/>, or in the build folder of a source tree above the
    /// program.
    /// </summary>
    public static string? FindEmulator()
    {
        if (Environment.GetEnvironmentVariable(EmulatorVariable) is { Length: > 0 } named)
            return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            var built = Path.Combine(folder.FullName, "build", "emulator", "libemergence-emulator.so");
            if (File.Exists(built))
                return built;
        }

        return null;
    }
}
