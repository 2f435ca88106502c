using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Emergence.Files;

/// <summary>The few facts about files that the class library does not tell.</summary>
internal static class Posix
{
    // Linux, <linux/stat.h>: struct statx has the same 256 bytes on every architecture; the 16-bit mode is at byte 28.
    private const int CurrentFolder = -100;
    private const uint TypeOnly = 1;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;

    /// <summary>The largest piece that the kernel's cache holds of a file, where pages have 4 KiB; each begins at a multiple of its
    /// size.</summary>
    private const int Folio = 1 << 21;

    /// <summary>
    /// What a path leads to when that is neither a regular file nor absent, else null. Asked before opening, because
    /// opening a named pipe waits for a writer that may never come. Other systems than Linux answer null.
    /// </summary>
    public static string? SpecialKind(string path)
    {
        if (Directory.Exists(path))
            return "a folder";
        var status = new byte[256];
        if (!OperatingSystem.IsLinux() || Statx(CurrentFolder, path, 0, TypeOnly, status) != 0)
            return null;
        return (BinaryPrimitives.ReadUInt16LittleEndian(status.AsSpan(ModeOffset)) & TypeMask) switch
        {
            0x8000 => null,
            0x1000 => "a named pipe",
            0x2000 => "a character device",
            0x6000 => "a block device",
            0xC000 => "a socket",
            _ => "a special file",
        };
    }

    /// <summary>Makes a rename inside the folder survive a power loss; without this only the file's bytes would.</summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0)
            throw new IOException($"cannot open folder {folder} to flush it (errno {Marshal.GetLastPInvokeError()})");
        var failed = Fsync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);

        // EINVAL: a file system that has nothing to flush for a folder.
        const int InvalidArgument = 22;
        if (failed && error != InvalidArgument)
            throw new IOException($"cannot flush folder {folder} (errno {error})");
    }

    /// <summary>First bytes of a file although another process has locked it, which the class library refuses; empty if that
    /// fails.</summary>
    public static byte[] ReadLocked(string path, int atMost)
    {
        if (OperatingSystem.IsWindows())
            return [];
        var descriptor = Open(path, 0);
        if (descriptor < 0)
            return [];
        var bytes = new byte[atMost];
        var count = Read(descriptor, bytes, (nuint)atMost);
        _ = Close(descriptor);
        return bytes[..(int)Math.Max(0, count)];
    }

    /// <summary>
    /// Lets the kernel drop a range of a file from its cache; elsewhere than on Linux nothing happens. The cache holds folios of many
    /// pages and drops whole ones only: the range is taken from the start of its first <see cref="Folio"/> on, and what reaches beyond
    /// its end goes when the next range is dropped.
    /// </summary>
    public static void Forget(SafeFileHandle file, long offset, long length)
    {
        const int DontNeed = 4;
        var begin = offset / Folio * Folio;
        if (OperatingSystem.IsLinux() && length > 0) // to the kernel, no length is all the rest
            _ = Advise(file, begin, offset + length - begin, DontNeed);
    }

    /// <summary>A second name for a file, unless the name is taken; false also if the file system has no such names.</summary>
    public static bool Link(string path, string name) => OperatingSystem.IsLinux() && LinkCore(path, name) == 0;

    // DllImport, whose stubs the run time makes: the generated ones are unsafe code, which only Emergence.Devices may hold.
    [DllImport("libc", EntryPoint = "statx")]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] status);

    [DllImport("libc", EntryPoint = "posix_fadvise")]
    private static extern int Advise(SafeFileHandle file, long offset, long length, int advice);

    [DllImport("libc", EntryPoint = "link")]
    private static extern int LinkCore([MarshalAs(UnmanagedType.LPUTF8Str)] string path, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "read")]
    private static extern nint Read(int descriptor, byte[] bytes, nuint count);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Fsync(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
