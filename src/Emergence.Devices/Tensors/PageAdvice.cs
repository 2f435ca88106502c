using System.Runtime.InteropServices;

namespace Emergence.Devices.Tensors;

/// <summary>What the kernel is told of pages; elsewhere than on Linux it does as it likes.</summary>
internal static unsafe class PageAdvice
{
    /// <summary>A huge page of x64 and most of arm64.</summary>
    public const int HugePage = 1 << 21;

    private const int DontNeed = 4, Huge = 14;

    /// <summary>Gives up the pages that are in memory; what was written to a mapped file stays in it.</summary>
    public static void GiveUp(nint memory, long bytes) => Give(memory, bytes, DontNeed);

    /// <summary>Fresh memory comes in huge pages if the machine has them: each costs the kernel little more than a small one.</summary>
    public static void PreferHuge(nint memory, long bytes) => Give(memory, bytes, Huge);

    private static void Give(nint memory, long bytes, int advice)
    {
        if (OperatingSystem.IsLinux())
            _ = Advise((void*)memory, (nuint)bytes, advice);
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(void* address, nuint length, int advice);
}
