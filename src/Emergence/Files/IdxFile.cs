using System.Buffers.Binary;
using System.IO.Compression;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>
/// A file of the form that MNIST and its kin are published in, plain or through gzip: two zero bytes, the type of an element,
/// the number of sizes, each size as 4 bytes (the highest first), then the elements. Bytes without sign are read.
/// </summary>
/// <param name="Sizes">(N) labels, or (N, rows, columns) images.</param>
/// <param name="Elements">One byte each, the last index fastest.</param>
internal sealed record IdxFile(int[] Sizes, byte[] Elements)
{
    private const byte UnsignedBytes = 8;
    private const int MostSizes = 3;

    /// <summary>Bound of what is held in memory; the largest of the published sets has 0.6 GB.</summary>
    private const long MostElements = 1L << 30;

    /// <param name="path">Whatever its name ends in: what it is stands in its first bytes.</param>
    /// <param name="sizes">How many sizes are expected: 1 of labels, 3 of images.</param>
    public static IdxFile Read(string path, int sizes)
    {
        var bytes = UserFile.Read(path);
        var isPacked = bytes is [0x1f, 0x8b, ..];
        using Stream stream = isPacked ? new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress) : new MemoryStream(bytes);
        try
        {
            return Read(path, stream, sizes);
        }
        catch (InvalidDataException error)
        {
            throw Error(path, $"is damaged: {Printable.Escape(error.Message)}", error);
        }
    }

    private static IdxFile Read(string path, Stream stream, int expected)
    {
        var magic = Header(path, stream, 4);
        if (magic[0] != 0 || magic[1] != 0)
            throw Error(path, $"begins with the bytes {Convert.ToHexStringLower(magic)}: expected those of IDX, 0000 08{expected:x2}");
        if (magic[2] != UnsignedBytes)
            throw Error(path, $"holds elements of type {magic[2]:x2}: expected 08, bytes without sign");
        if (magic[3] != expected)
            throw Error(path, $"holds {Kind(magic[3])}: expected {Kind(expected)}");
        var sizes = new int[expected];
        var header = Header(path, stream, 4 * expected);
        var count = 1L;
        for (var i = 0; i < expected; i++)
        {
            var size = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 * i));
            if (size is 0 or > int.MaxValue)
                throw Error(path, $"says that size {i + 1} of {expected} is {size}: expected 1 or more");
            count = Math.Min(long.MaxValue / int.MaxValue, count * size);
            sizes[i] = (int)size;
        }

        if (count > MostElements)
            throw Error(path, $"says that it holds {string.Join(" x ", sizes)} bytes: expected {MostElements:N0} or fewer");
        return new(sizes, ReadElements(path, stream, (int)count));
    }

    /// <summary>As many bytes as the sizes say and no more: what a packed file unpacks to is never read past them.</summary>
    private static byte[] ReadElements(string path, Stream stream, int count)
    {
        // Grows with what is there, not with what a header claims.
        using var found = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; found.Length <= count && (read = stream.Read(buffer)) > 0;)
            found.Write(buffer, 0, read);
        if (found.Length < count)
            throw Error(path, $"ends after {found.Length:N0} bytes of elements: its sizes say {count:N0}");
        if (found.Length > count)
            throw Error(path, $"goes on after its {count:N0} elements: expected its end there");
        return found.ToArray();
    }

    private static byte[] Header(string path, Stream stream, int count)
    {
        var bytes = new byte[count];
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count ? bytes
            : throw Error(path, "ends within its header");
    }

    private static string Kind(int sizes) => sizes switch
    {
        1 => "a list (labels)",
        MostSizes => "images of rows and columns",
        _ => $"an array of {sizes} sizes",
    };

    private static EmergenceException Error(string path, string what, Exception? inner = null) =>
        new($"{Printable.Escape(path)} {what}", ExitCode.Usage, inner);
}
