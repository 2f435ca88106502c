using System.Runtime.InteropServices;

namespace Emergence.Devices.Tensors;

/// <summary>Memory straight from the kernel, where there is Linux, and what the kernel is told of it.</summary>
internal static unsafe class HostPages
{
    /// <summary>
    /// So large memory is had from the kernel: as good as whole huge pages, which cost it little more than small ones each, and zero
    /// without being written to.
    /// </summary>
    private const long LargeBytes = 2 * HugePage;

    /// <summary>A huge page of x64 and most of arm64.</summary>
    private const int HugePage = 1 << 21;

    private const int ReadWrite = 1 | 2, PrivateAnonymous = 0x2 | 0x20, DontNeed = 4, Huge = 14;

    private static long _mapped;

    /// <summary>Bytes that are mapped now.</summary>
    public static long MappedBytes => Volatile.Read(ref _mapped);

    /// <summary>Whether memory of this length is mapped and unmapped here.</summary>
    public static bool Serve(long bytes) => OperatingSystem.IsLinux() && bytes >= LargeBytes;

    /// <summary>Fresh memory, zero, from the start of a huge page on; null if the kernel has none.</summary>
    public static void* Map(long bytes)
    {
        var length = (nuint)bytes + HugePage;
        var mapped = MapCore(null, length, ReadWrite, PrivateAnonymous, -1, 0);
        if ((nint)mapped == -1)
            return null;
        var start = (byte*)mapped;
        var before = (nuint)(-(nint)start & (HugePage - 1));
        if (before > 0)
            _ = UnmapCore(start, before);
        var end = (nuint)Ceiling.Multiple(bytes, Environment.SystemPageSize);
        if (length - before > end)
            _ = UnmapCore(start + before + end, length - before - end);
        _ = Advise(start + before, end, Huge);
        Interlocked.Add(ref _mapped, bytes);
        return start + before;
    }

    public static void Unmap(void* memory, long bytes)
    {
        _ = UnmapCore(memory, (nuint)bytes);
        Interlocked.Add(ref _mapped, -bytes);
    }

    /// <summary>Gives up the pages that are in memory; what was written to a mapped file stays in it.</summary>
    public static void GiveUp(nint memory, long bytes)
    {
        if (OperatingSystem.IsLinux())
            _ = Advise((void*)memory, (nuint)bytes, DontNeed);
    }

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern void* MapCore(void* address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int UnmapCore(void* address, nuint length);

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(void* address, nuint length, int advice);
}
