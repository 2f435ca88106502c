using Emergence.Messages;

namespace Emergence.Files;

/// <summary>Failures of the disk, as the user is told about them.</summary>
internal static class DiskFailure
{
    // ENOSPC, EROFS and EDQUOT of Linux, as the class library passes them on.
    private const int NoSpace = 28, ReadOnly = 30, QuotaExceeded = 122;

    public static EmergenceException Of(string path, Exception error)
    {
        var what = error switch
        {
            IOException { HResult: NoSpace or QuotaExceeded } => "the disk is full: free some space, then run the same command again",
            IOException { HResult: ReadOnly } => "the file system is read-only",
            UnauthorizedAccessException => "it may not be written",
            DirectoryNotFoundException => "its folder is not there",

            // The class library repeats the path, and where a file is on its way to its name that is another one.
            _ => Printable.Escape(error.Message.Split(" : '")[0]),
        };
        return new EmergenceException($"writing {Printable.Escape(path)} failed: {what}", ExitCode.Disk, error);
    }

    /// <summary>Refuses to start if the disk cannot take what is coming.</summary>
    public static void RequireSpace(string folder, long bytes)
    {
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (free < bytes)
            throw new EmergenceException($"{folder}: {bytes:N0} bytes of disk are needed, {free:N0} are free", ExitCode.Disk);
    }
}
