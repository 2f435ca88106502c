using System.Diagnostics;

namespace Emergence.Tests.Cli;

/// <summary>A library that takes flock from a process, as a file system without it does; named by LD_PRELOAD.</summary>
internal static class NoLocks
{
    /// <summary>Builds it; the calling test is skipped where there is no compiler.</summary>
    public static string Library(string folder)
    {
        var (source, library) = (Path.Combine(folder, "nolocks.c"), Path.Combine(folder, "nolocks.so"));
        File.WriteAllText(source, "#include <errno.h>\nint flock(int file, int operation) { errno = ENOSYS; return -1; }\n");
        try
        {
            using var compiler = Process.Start("g++", ["-x", "c", "-shared", "-fPIC", "-o", library, source]);
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("no compiler for a library without locks");
        }

        return library;
    }
}
