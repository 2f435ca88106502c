using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Emergence.Files;

namespace Emergence.Hub;

/// <summary>Bytes of a blob on their way, with their digest so far; they get the blob's name only when they are the right ones.</summary>
internal sealed class PartialBlob : IDisposable
{
    private const int Piece = 1 << 20;
    private const string Ending = ".emergence.incomplete";
    private readonly HubFile _file;
    private readonly FileStream _stream;
    private readonly bool _isOwn;
    private IncrementalHash _hash;
    private bool _isPublished;

    /// <param name="blob">The name it will have.</param>
    /// <param name="file">What the bytes must be.</param>
    /// <param name="isShared">Whether a later attempt may go on with it, which needs the blob's lock.</param>
    public PartialBlob(string blob, HubFile file, bool isShared)
    {
        _file = file;
        (_stream, _isOwn) = Open(blob, isShared);
        _hash = NewHash();
        if (_stream.Length > file.Size)
            _stream.SetLength(0);
        HashWhatIsThere();
    }

    /// <summary>Name of the partial file that a later attempt goes on with; its ending lets the client's tools see it.</summary>
    public static string SharedName(string blob) => blob + Ending;

    /// <summary>Deletes partial files that no process is writing.</summary>
    /// <returns>How many, and their bytes.</returns>
    public static (int Count, long Bytes) Prune(string cache)
    {
        var (count, bytes) = (0, 0L);
        foreach (var name in CachedRepository.Names(cache))
        {
            var blobs = Path.Combine(new CachedRepository(cache, name).Folder, "blobs");
            foreach (var path in Directory.Exists(blobs) ? Directory.GetFiles(blobs, "*" + Ending) : [])
            {
                try
                {
                    using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    {
                        bytes += file.Length;
                        File.Delete(path);
                    }

                    count++;
                }
                catch (IOException)
                {
                    // In use: another process goes on with it.
                }
            }
        }

        return (count, bytes);
    }

    /// <summary>Bytes so far.</summary>
    public long Length => _stream.Position;

    public bool IsComplete => Length == _file.Size;

    public void StartOver()
    {
        _stream.SetLength(0);
        _stream.Position = 0;
        _hash.Dispose();
        _hash = NewHash();
    }

    public async Task Append(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await _stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw DiskFailure.Of(_stream.Name, error);
        }

        _hash.AppendData(bytes.Span);
    }

    /// <summary>The digest of the bytes so far, as the hub writes it.</summary>
    public string Digest() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <summary>Makes the bytes durable and gives them the blob's name.</summary>
    public void Publish(string blob)
    {
        try
        {
            _stream.Flush(flushToDisk: true);
            File.Move(_stream.Name, blob, overwrite: true);
            _isPublished = true;
            Posix.SyncFolder(Path.GetDirectoryName(blob)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(blob, error);
        }
    }

    public void Delete()
    {
        File.Delete(_stream.Name);
        _isPublished = true;
    }

    /// <summary>Keeps what has arrived, unless no later attempt could go on with it.</summary>
    public void Dispose()
    {
        _hash.Dispose();
        _stream.Dispose();
        if (_isOwn && !_isPublished)
            File.Delete(_stream.Name);
    }

    private static (FileStream Stream, bool IsOwn) Open(string blob, bool isShared)
    {
        if (isShared)
        {
            try
            {
                return (new(SharedName(blob), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0), false);
            }
            catch (IOException)
            {
                // In use although the lock was free: a file system without locks. Each process writes a file of its own there.
            }
        }

        var name = string.Create(CultureInfo.InvariantCulture,
            $"{blob}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}.incomplete");
        try
        {
            return (new(name, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0), true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(blob, error);
        }
    }

    private IncrementalHash NewHash()
    {
        if (_file.IsSha256)
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
#pragma warning disable CA5350 // Git names blobs by SHA-1; the hub offers no other digest of small files.
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {_file.Size}\0")));
        return hash;
    }

    private void HashWhatIsThere()
    {
        var piece = ArrayPool<byte>.Shared.Rent(Piece);
        for (int count; (count = _stream.Read(piece, 0, Piece)) > 0;)
            _hash.AppendData(piece, 0, count);
        ArrayPool<byte>.Shared.Return(piece);
    }
}
