using System.Collections.Concurrent;
using Emergence.Messages;
using Microsoft.Win32.SafeHandles;

namespace Emergence.Files.Safetensors;

/// <summary>
/// A regular file that is read by position and must stay as it was when opened. It is never mapped: a mapped file that
/// another process truncates ends this process.
/// </summary>
internal sealed class CheckpointFile : IDisposable
{
    private static readonly ConcurrentDictionary<(string Path, long Length, DateTime Modified), string> Digests = new();

    private readonly SafeFileHandle _handle;
    private readonly string _shown;
    private PassingDigest? _digest;
    private bool _isReadOnce;

    private CheckpointFile(string path, string shown, SafeFileHandle handle)
    {
        _handle = handle;
        _shown = shown;
        Path = path;
        Length = RandomAccess.GetLength(handle);
        Modified = File.GetLastWriteTimeUtc(handle);
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>When it was written last, of when it was opened.</summary>
    public DateTime Modified { get; }

    private (string Path, long Length, DateTime Modified) Key => (System.IO.Path.GetFullPath(Path), Length, Modified);

    /// <summary>Opens a regular file or a symbolic link to one (the Hugging Face cache is made of links).</summary>
    public static CheckpointFile Open(string path)
    {
        var shown = Printable.Escape(path);
        try
        {
            if (File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
            {
                shown += $" (a link to {Printable.Escape(target.FullName)})";
                if (!target.Exists && !Directory.Exists(target.FullName))
                    throw new EmergenceException($"{shown}: the link leads nowhere; fetch the file again");
            }

            if (Posix.SpecialKind(path) is { } kind)
                throw new EmergenceException($"{shown}: not a regular file but {kind}");
            return new(path, shown, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EmergenceException($"{shown}: no such file", ExitCode.Usage, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new EmergenceException($"{shown}: cannot be opened: {Printable.Escape(error.Message)}", inner: error);
        }
    }

    /// <summary>An error about this file.</summary>
    public EmergenceException Error(string message, Exception? inner = null) => new($"{_shown}: {message}", inner: inner);

    /// <summary>Fills the destination with the bytes at an offset; <paramref name="what"/> names them in errors.</summary>
    public void Read(long offset, Span<byte> destination, string what)
    {
        ReadCore(offset, destination, what);
        _digest?.Saw(offset, destination);
    }

    /// <summary>Lets the kernel drop bytes that were read from its cache, unless their digest waits for others.</summary>
    public void Forget(long offset, long length)
    {
        _isReadOnce = true;
        if (_digest?.HasPassed(offset + length) != false)
            Posix.Forget(_handle, offset, length);
    }

    /// <summary>Throws if size or modification time differ from when the file was opened.</summary>
    public void VerifyUnchanged()
    {
        var length = RandomAccess.GetLength(_handle);
        if (length != Length)
            throw Error($"changed during load: was {Length} bytes, is {length}; start again when nothing writes to it");
        if (File.GetLastWriteTimeUtc(_handle) != Modified)
            throw Error("changed during load: its modification time moved; start again when nothing writes to it");
    }

    /// <summary>SHA-256 of the contents, lower-case hex, as sha256sum prints it; a process reads a file once for it.</summary>
    public string Sha256(CancellationToken cancellation = default) =>
        Digests.GetOrAdd(Key, _ => (_digest ?? new(Length, 0, ReadForDigest)).Finish(cancellation));

    /// <summary>The same if it is known already.</summary>
    public string? KnownSha256 => Digests.GetValueOrDefault(Key);

    /// <summary>What an earlier process found of a file of this size and time.</summary>
    public void Recall(string sha256) => Digests.TryAdd(Key, sha256);

    /// <summary>What is read from now on serves <see cref="Sha256"/> too, which then reads only what is left.</summary>
    /// <param name="mostWaiting">So many bytes stay in the kernel's cache until their turn comes.</param>
    public void DigestInPassing(long mostWaiting) =>
        _digest ??= KnownSha256 == null ? new(Length, mostWaiting, ReadForDigest) : null;

    public void Dispose() => _handle.Dispose();

    private void ReadForDigest(long offset, Span<byte> destination)
    {
        ReadCore(offset, destination, "the contents");
        if (_isReadOnce)
            Posix.Forget(_handle, offset, destination.Length);
    }

    private void ReadCore(long offset, Span<byte> destination, string what)
    {
        try
        {
            for (var done = 0; done < destination.Length;)
            {
                var count = RandomAccess.Read(_handle, destination[done..], offset + done);
                if (count == 0)
                    throw Error($"changed during load: ends at byte {offset + done} inside {what}");
                done += count;
            }

            VerifyUnchanged();
        }
        catch (IOException error)
        {
            var message = $"{_shown}: reading {what} at byte {offset} failed: {Printable.Escape(error.Message)}";
            throw new EmergenceException(message, ExitCode.Disk, error);
        }
    }
}
