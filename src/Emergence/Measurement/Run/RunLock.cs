using System.Globalization;
using System.Text;
using Emergence.Files;

namespace Emergence.Measurement.Run;

/// <summary>
/// Keeps a second process out of a run folder. The kernel holds the lock and frees it when the process ends, however
/// it ends, so that a lock is never stale.
/// </summary>
internal sealed class RunLock : IDisposable
{
    private const int PidDigits = 20;
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    public static RunLock Take(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (File.Exists(path))
        {
            var holder = Encoding.ASCII.GetString(Posix.ReadLocked(path, PidDigits)).Trim();
            throw new EmergenceException($"the run is in use by pid {(holder.Length > 0 ? holder : "of another process")}: wait for it, or use a new --out", ExitCode.TryAgain, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(path, error);
        }

        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        return new RunLock(file);
    }

    public void Dispose() => _file.Dispose();
}
