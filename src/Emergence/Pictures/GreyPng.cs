using System.Buffers.Binary;

namespace Emergence.Pictures;

/// <summary>A grey picture as a PNG file whose pixels are stored as they are: the same bytes on every machine.</summary>
internal static class GreyPng
{
    private const int MostStored = 65_535;

    /// <param name="pixels">(rows, columns), 0 black to 255 white.</param>
    /// <param name="columns">From left to right.</param>
    public static byte[] Write(ReadOnlySpan<byte> pixels, int columns)
    {
        var rows = pixels.Length / columns;
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, columns);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], rows);
        (header[8], header[9]) = (8, 0); // bits of a pixel, grey

        // Every row after a 0, which says that it is not filtered.
        var lines = new byte[rows * (columns + 1)];
        for (var row = 0; row < rows; row++)
            pixels.Slice(row * columns, columns).CopyTo(lines.AsSpan(row * (columns + 1) + 1));
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a]);
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "IDAT"u8, Stored(lines));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>A zlib stream of blocks that are not compressed (RFC 1950 and 1951).</summary>
    private static byte[] Stored(ReadOnlySpan<byte> bytes)
    {
        using var stream = new MemoryStream();
        stream.Write([0x78, 0x01]);
        Span<byte> sizes = stackalloc byte[4];
        for (var start = 0; start < bytes.Length; start += MostStored)
        {
            var block = bytes.Slice(start, Math.Min(MostStored, bytes.Length - start));
            stream.WriteByte(start + block.Length == bytes.Length ? (byte)1 : (byte)0);
            BinaryPrimitives.WriteUInt16LittleEndian(sizes, (ushort)block.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(sizes[2..], (ushort)~block.Length);
            stream.Write(sizes);
            stream.Write(block);
        }

        var (a, b) = (1u, 0u); // Adler-32
        foreach (var value in bytes)
        {
            a = (a + value) % 65_521;
            b = (b + a) % 65_521;
        }

        BinaryPrimitives.WriteUInt32BigEndian(sizes, b << 16 | a);
        stream.Write(sizes);
        return stream.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        file.Write(number);
        file.Write(name);
        file.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, name), content));
        file.Write(number);
    }

    /// <summary>CRC-32 of PNG, bit by bit.</summary>
    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
        }

        return crc;
    }
}
