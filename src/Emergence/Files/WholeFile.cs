using Microsoft.Win32.SafeHandles;

namespace Emergence.Files;

/// <summary>
/// A file that is there completely or not at all, also after a kill or a power loss: the bytes go to a file beside the
/// target, are flushed to the disk, and only then take the target's name.
/// </summary>
internal sealed class WholeFile : IDisposable
{
    /// <summary>The host as far as a file name takes it, and the process.</summary>
    private static readonly string Writer =
        string.Concat(Environment.MachineName.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-').Take(32)) + $".{Environment.ProcessId}";

    private readonly string _path;
    private readonly string _temporary;
    private readonly SafeFileHandle _handle;
    private bool _committed;

    public WholeFile(string path)
    {
        _path = Path.GetFullPath(path);
        _temporary = TemporaryName(_path);
        _handle = OrDiskFailure(() => File.OpenHandle(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None));
    }

    /// <summary>A name of its own for every writer: of machines that share the folder, and of containers, in which every process is number
    /// 1.</summary>
    public static string TemporaryName(string path) =>
        $"{path}.{Writer}.{Guid.NewGuid().ToString("N")[..8]}.partial";

    /// <summary>Writes a small file in one go.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new WholeFile(path);
        file.Put(0, bytes);
        file.Commit();
    }

    /// <summary>Writes the file if there is none yet; one that is there, also by another writer at this moment, stays as it
    /// is.</summary>
    public static void WriteOnce(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new WholeFile(path);
        file.Put(0, bytes);
        file.OrDiskFailure(() =>
        {
            RandomAccess.FlushToDisk(file._handle);

            // Closed before it has its name: an open file is locked, and whoever came second would be refused the one that won.
            file._handle.Dispose();
            if (!Posix.Link(file._temporary, file._path) && !File.Exists(file._path))
                File.Move(file._temporary, file._path, overwrite: false);
            Posix.SyncFolder(Path.GetDirectoryName(file._path)!);
            return true;
        });
    }

    public void Put(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, offset);
        }
        catch (IOException error)
        {
            throw DiskFailure.Of(_path, error);
        }
    }

    /// <summary>Makes the bytes durable and gives them their name. A flush that failed is not tried again: it may have lost
    /// pages.</summary>
    public void Commit() => OrDiskFailure(() =>
    {
        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _committed = true;
        Posix.SyncFolder(Path.GetDirectoryName(_path)!);
        return true;
    });

    /// <summary>Without a commit the bytes written so far are deleted.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        if (!_committed)
            File.Delete(_temporary);
    }

    private T OrDiskFailure<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(_path, error);
        }
    }
}
