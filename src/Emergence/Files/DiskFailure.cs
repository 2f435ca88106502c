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
    /// <param name="folder">Where it comes to; need not be there yet.</param>
    /// <param name="bytes">What is coming.</param>
    /// <param name="purpose">What they are for, e.g. " for a table"; nothing by default.</param>
    public static void RequireSpace(string folder, long bytes, string purpose = "")
    {
        var there = Path.GetFullPath(folder);
        while (!Directory.Exists(there) && Path.GetDirectoryName(there) is { } above)
            there = above;
        var free = new DriveInfo(there).AvailableFreeSpace;
        if (free < bytes)
            throw new EmergenceException(
                $"{Printable.Escape(folder)}: {bytes:N0} bytes of disk are needed{purpose}, {free:N0} are free", ExitCode.Disk);
    }
}
