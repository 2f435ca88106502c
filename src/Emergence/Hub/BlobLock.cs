using System.Diagnostics;
using Emergence.Messages;

namespace Emergence.Hub;

/// <summary>
/// The lock of a blob that the Python client takes too: flock(2) on an empty file that stays. It saves traffic alone; that a
/// blob is right follows from its digest and the rename.
/// </summary>
internal sealed class BlobLock : IDisposable
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly FileStream? _file;

    private BlobLock(FileStream? file) => _file = file;

    /// <summary>Without it another process may fetch the same blob, which then needs a partial file of its own.</summary>
    public bool IsHeld => _file != null;

    /// <summary>Waits until no other process holds the lock; a lock file that may not be written is gone without.</summary>
    public static async Task<BlobLock> Take(string path, Action<string> say, CancellationToken cancellation)
    {
        var waiting = Stopwatch.StartNew();
        for (var isSaid = false; ; await Task.Delay(s_poll, cancellation).ConfigureAwait(false))
        {
            try
            {
                if (new FileInfo(path).LinkTarget != null)
                    return new(null);
                var isNew = !File.Exists(path);
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                if (isNew && !OperatingSystem.IsWindows())
                    ShareWithGroup(path);
                return new(file);
            }
            catch (UnauthorizedAccessException)
            {
                return new(null);
            }
            catch (IOException error) when (IsInUse(error))
            {
                if (!isSaid && waiting.Elapsed > s_patience)
                {
                    isSaid = true;
                    say($"waiting for {Printable.Escape(path)}: another process fetches this file");
                }
            }
            catch (IOException)
            {
                return new(null);
            }
        }
    }

    public void Dispose() => _file?.Dispose();

    // EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION of Windows.
    private static bool IsInUse(IOException error) => (error.HResult & 0xFFFF) is 11 or 35 or 32 or 33;

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void ShareWithGroup(string path) =>
        File.SetUnixFileMode(
            path,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead);
}
