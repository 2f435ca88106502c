using System.Text;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// Keeps a second process out of a run folder. The kernel holds the lock and frees it when the process ends, however
/// it ends, so that a lock is never stale; where the file system has no locks, <see cref="OwnerFile"/> stands in for it.
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
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (s_heldByOthers.Contains(error.HResult))
        {
            throw InUse(path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(path, error);
        }

        try
        {
            var outcome = Posix.Lock(file.SafeFileHandle);
            if (outcome == LockOutcome.Held)
                throw InUse(path, null);
            if (outcome == LockOutcome.NoLocks)
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

    private static EmergenceException InUse(string path, Exception? inner)
    {
        var holder = ProcessName.Parse(Encoding.UTF8.GetString(Posix.ReadLocked(path, ProcessName.MostBytes)));
        return new($"the run is in use by {holder?.Words ?? "another process"}: wait for it, or use a new --out", ExitCode.TryAgain, inner);
    }
}
