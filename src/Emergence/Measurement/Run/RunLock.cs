using System.Text;
using Emergence.Files;

namespace Emergence.Measurement.Run;

/// <summary>
/// Keeps a second process out of a run folder. The kernel holds the lock and frees it when the process ends, however
/// it ends, so that a lock is never stale; if the file system has no locks, <see cref="OwnerFile"/> stands in for it.
/// </summary>
internal sealed class RunLock : IDisposable
{
    // EWOULDBLOCK of Linux and of macOS, and a sharing violation of Windows, as the class library passes them on.
    private static readonly int[] s_heldByOthers = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    public static RunLock Take(string path)
    {
        FileStream file;
        try
        {
            file = OpenAlone(path);
        }
        catch (IOException error) when (s_heldByOthers.Contains(error.HResult))
        {
            var holder = ProcessName.Parse(Encoding.UTF8.GetString(Posix.ReadLocked(path, ProcessName.MostBytes)));
            throw new EmergenceException($"the run is in use by {holder?.Words ?? "another process"}: wait for it, or use a new --out",
                ExitCode.TryAgain, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(path, error);
        }

        try
        {
            if (!HasLocks(path))
                OwnerFile.Take(path);
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(ProcessName.Own.ToString()));
            return new RunLock(file);
        }
        catch (Exception error)
        {
            file.Dispose();
            throw error is IOException ? DiskFailure.Of(path, error) : error;
        }
    }

    public void Dispose() => _file.Dispose();

    private static FileStream OpenAlone(string path) =>
        new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);

    /// <summary>A lock keeps out this process too; the class library says nothing if a file system has none (ENOSYS, ENOLCK,
    /// EOPNOTSUPP).</summary>
    private static bool HasLocks(string path)
    {
        try
        {
            OpenAlone(path).Dispose();
            return false;
        }
        catch (IOException error) when (s_heldByOthers.Contains(error.HResult))
        {
            return true;
        }
    }
}
