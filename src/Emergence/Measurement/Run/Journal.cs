using System.Security.Cryptography;
using System.Text;
using Emergence.Files;

namespace Emergence.Measurement.Run;

/// <summary>
/// An append-only file of checksummed lines: JSON, TAB, the first 8 hex digits of the JSON's SHA-256, LF. A line is on
/// the disk before <see cref="Append"/> returns, so whatever was shown as done survives a kill or a power loss.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int ChecksumDigits = 8;
    private readonly string _path;
    private readonly FileStream _file;

    private Journal(string path, FileStream file) => (_path, _file) = (path, file);

    /// <summary>
    /// Opens a journal to append to. A torn last line, as a crash in the middle of a write leaves it, is cut off;
    /// a damaged line anywhere is refused, because it may have been a finished cell.
    /// </summary>
    public static (Journal Journal, JournalContent Content) Open(string path)
    {
        var content = Read(path);
        if (content.Damage != null)
            throw new EmergenceException(
                $"{content.Damage}; the {content.Lines.Count} lines before it are readable: use a new --out, or cut the file there to go "
                + $"on");
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
            if (file.Length != content.ValidBytes)
            {
                file.SetLength(content.ValidBytes);
                file.Flush(flushToDisk: true);
            }

            file.Seek(0, SeekOrigin.End);
            return (new Journal(path, file), content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(path, error);
        }
    }

    /// <summary>Makes a journal that nobody else writes; null if there is one of this name.</summary>
    public static Journal? TryCreate(string path)
    {
        try
        {
            return new Journal(path, new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0));
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(path, error);
        }
    }

    /// <summary>Reads what is there, also while another process appends. Stops at the first damaged line.</summary>
    public static JournalContent Read(string path)
    {
        byte[] bytes;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            bytes = new byte[file.Length];
            bytes = bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (FileNotFoundException)
        {
            return new JournalContent([], 0, 0, null);
        }

        var lines = new List<byte[]>();
        var start = 0;
        while (start < bytes.Length)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n');
            if (length < 0)
                break;
            if (Unseal(bytes.AsSpan(start, length)) is not { } json)
                return new JournalContent(lines, start, 0, $"{path}: line {lines.Count + 1} does not match its checksum");
            lines.Add(json);
            start += length + 1;
        }

        return new JournalContent(lines, start, bytes.Length - start, null);
    }

    /// <summary>Writes one line and waits until the disk has it. An error is final: a failed flush may have lost pages.</summary>
    public void Append(ReadOnlySpan<byte> json)
    {
        var end = _file.Position;
        try
        {
            _file.Write(Line(json));
            _file.Flush(flushToDisk: true);
        }
        catch (IOException error)
        {
            CutBack(end);
            throw DiskFailure.Of(_path, error);
        }
    }

    /// <summary>A line as it stands in the file.</summary>
    public static byte[] Line(ReadOnlySpan<byte> json) => [.. json, (byte)'\t', .. Checksum(json), (byte)'\n'];

    public void Dispose() => _file.Dispose();

    private static byte[]? Unseal(ReadOnlySpan<byte> line)
    {
        var tab = line.Length - ChecksumDigits - 1;
        if (tab < 0 || line[tab] != '\t')
            return null;
        var json = line[..tab];
        return line[(tab + 1)..].SequenceEqual(Checksum(json)) ? json.ToArray() : null;
    }

    private static byte[] Checksum(ReadOnlySpan<byte> json) =>
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, ChecksumDigits / 2)));

    /// <summary>Shortening works on a full disk; if it fails too, the next open cuts the torn line.</summary>
    private void CutBack(long end)
    {
        try
        {
            _file.SetLength(end);
        }
        catch (IOException)
        {
        }
    }
}

/// <summary>What a journal holds.</summary>
/// <param name="Lines">JSON of every intact line, in order.</param>
/// <param name="ValidBytes">Length of the intact part.</param>
/// <param name="TornBytes">Bytes of an unfinished last line.</param>
/// <param name="Damage">Names the file and the first damaged line, or null.</param>
internal sealed record JournalContent(IReadOnlyList<byte[]> Lines, long ValidBytes, long TornBytes, string? Damage);
