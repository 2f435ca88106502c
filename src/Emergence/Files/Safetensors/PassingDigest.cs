using System.Security.Cryptography;
using Emergence.Devices;

namespace Emergence.Files.Safetensors;

/// <summary>
/// The SHA-256 of a file, made of what is read of it for another reason. It takes bytes in their order in the file: those that are read
/// ahead of their turn wait, and are read again when it comes, out of the kernel's cache if they were left there. What nobody has read
/// when too much waits for it, or at the end, is read for the digest alone.
/// </summary>
/// <param name="length">Of the file.</param>
/// <param name="mostWaiting">Bytes that may wait.</param>
/// <param name="read">Reads the file.</param>
internal sealed class PassingDigest(long length, long mostWaiting, ReadBytes read)
{
    /// <summary>What is left out between two tensors, or is smaller than a piece, is read at once and never waits.</summary>
    private const int SmallGap = 1 << 20, LeastPiece = 1 << 16;

    private readonly Lock _lock = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SortedDictionary<long, long> _waiting = []; // first byte to the one behind the last
    private readonly Lazy<byte[]> _buffer = new(() => new byte[SmallGap]);
    private long _done;
    private long _waits;
    private string? _result;

    /// <summary>Whether nothing before this byte is needed any more.</summary>
    public bool HasPassed(long end) => Volatile.Read(ref _done) >= end;

    /// <summary>These bytes of the file were read.</summary>
    public void Saw(long offset, ReadOnlySpan<byte> bytes)
    {
        var end = offset + bytes.Length;
        if (HasPassed(end))
            return;
        lock (_lock)
        {
            if (offset > _done && offset - _done <= SmallGap)
                ReadUpTo(offset);
            if (offset > _done)
                Wait(offset, end, bytes.Length);
            else if (end > _done)
                Take(bytes[(int)(_done - offset)..]);
            TakeWaiting();
        }
    }

    /// <summary>Lower-case hex; reads what is left, and goes on there if it was cancelled before.</summary>
    public string Finish(CancellationToken cancellation = default)
    {
        lock (_lock)
        {
            ReadUpTo(length, cancellation);
            _waiting.Clear();
            return _result ??= Convert.ToHexStringLower(_hash.GetHashAndReset());
        }
    }

    private void Wait(long offset, long end, int bytes)
    {
        var known = _waiting.GetValueOrDefault(offset, offset);
        if (bytes < LeastPiece || known >= end)
            return;
        _waiting[offset] = end;
        _waits += end - known;
    }

    private void TakeWaiting()
    {
        while (_waiting.Count > 0)
        {
            var (start, end) = _waiting.First();
            if (start > _done + SmallGap && _waits <= mostWaiting)
                return;
            _waiting.Remove(start);
            _waits -= end - start;
            ReadUpTo(end);
        }
    }

    private void ReadUpTo(long end, CancellationToken cancellation = default)
    {
        while (_done < end)
        {
            cancellation.ThrowIfCancellationRequested();
            var piece = _buffer.Value.AsSpan(0, (int)Math.Min(_buffer.Value.Length, end - _done));
            read(_done, piece);
            Take(piece);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        Volatile.Write(ref _done, _done + bytes.Length);
    }
}
