using System.Runtime.InteropServices;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>The emulator's libraries, or a skipped test where they were not built.</summary>
internal static unsafe class EmulatorFixture
{
    private static readonly Lazy<CudaDriver?> s_kernels = new(() => CudaLibrary.FindEmulator() == null ? null : CudaLibrary.LoadEmulator());
    private static readonly Lazy<CudaDriver?> s_tests = new(LoadTests);

    /// <summary>All kernels of kernels/*.cu.</summary>
    public static CudaDriver Kernels => s_kernels.Value ?? Skip();

    /// <summary>The kernels of native/emulator/tests in a library of their own, so that a fault ends no other test's context.</summary>
    public static CudaDriver Tests => s_tests.Value ?? Skip();

    /// <summary>Order of a block's threads: 0 forward, 1 reverse, 2 random.</summary>
    public static void Order(CudaDriver driver, int order, int seed = 1) =>
        ((delegate* unmanaged<int, int, int, void>)driver.EmulatorEntry("emulatorConfigure"))(order, seed, 0);

    /// <summary>Copies before the kernels that they need not wait for, or as late as all else.</summary>
    public static void EarlyCopies(CudaDriver driver, bool early) =>
        ((delegate* unmanaged<int, void>)driver.EmulatorEntry("emulatorSetStreams"))(early ? 1 : 0);

    /// <summary>Size of the device.</summary>
    public static void Memory(CudaDriver driver, long bytes) =>
        ((delegate* unmanaged<ulong, void>)driver.EmulatorEntry("emulatorSetMemory"))((ulong)bytes);

    /// <summary>The kernel after so many ends in this fault.</summary>
    public static void Fail(CudaDriver driver, int result, long kernels) =>
        ((delegate* unmanaged<int, ulong, void>)driver.EmulatorEntry("emulatorFail"))(result, (ulong)kernels);

    /// <summary>All kernels in a library of their own, for what a test does to the whole device.</summary>
    public static CudaDriver Copy()
    {
        var file = Path.Combine(TestData.TemporaryFolder(), "libemergence-emulator.so");
        File.Copy(Kernels.File, file);
        return new CudaDriver(NativeLibrary.Load(file), file);
    }

    private static CudaDriver Skip()
    {
        Assert.Skip("the emulator is not built: CMake and a C++ compiler make it");
        return null!;
    }

    private static CudaDriver? LoadTests()
    {
        var file = Path.Combine(Path.GetDirectoryName(CudaLibrary.FindEmulator()) ?? "", "libemergence-emulator-tests.so");
        return File.Exists(file) ? new CudaDriver(NativeLibrary.Load(file), file) : null;
    }
}
