using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>
/// A .npy file (versions 1 to 3): "\x93NUMPY", version, header length, a Python dictionary of descr, fortran_order and
/// shape, then the elements. Little-endian real numbers are read; pickled objects never are.
/// </summary>
internal static partial class NumpyFile
{
    public static Matrix Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < 12 || bytes[0] != 0x93 || !bytes.AsSpan(1, 5).SequenceEqual("NUMPY"u8))
            throw Error(path, "does not start as a .npy file does");
        var wide = bytes[6] >= 2;
        var start = wide ? 12 : 10;
        var length = wide ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)) : BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8));
        if (length > bytes.Length - start)
            throw Error(path, $"ends within its header of {length} bytes");
        var header = Encoding.UTF8.GetString(bytes, start, (int)length);
        var type = Field(path, header, TypePattern());
        var isColumnMajor = Field(path, header, OrderPattern()) == "True";
        var (rows, columns) = MatrixFile.Shape(path, Sizes(path, header));
        var elements = bytes.AsSpan(start + (int)length);
        return type is "<f4" or "<f2"
            ? new(rows, columns, InOrder(Convert<float>(path, type, elements, (long)rows * columns)))
            : new(rows, columns, SingleColumns.Round(path, InOrder(Convert<double>(path, type, elements, (long)rows * columns)), columns));

        T[] InOrder<T>(T[] values) => isColumnMajor ? Transpose(values, rows, columns) : values;
    }

    private static long[] Sizes(string path, string header)
    {
        var words = Field(path, header, ShapePattern()).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return [.. words.Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : throw Error(path, $"has the shape '{string.Join(", ", words)}'"))];
    }

    private static TTo[] Convert<TTo>(string path, string type, ReadOnlySpan<byte> bytes, long count)
        where TTo : unmanaged, INumber<TTo> => type switch
    {
        "<f4" => Convert<float, TTo>(path, bytes, count),
        "<f8" => Convert<double, TTo>(path, bytes, count),
        "<f2" => Convert<Half, TTo>(path, bytes, count),
        "|b1" or "|u1" => Convert<byte, TTo>(path, bytes, count),
        "|i1" => Convert<sbyte, TTo>(path, bytes, count),
        "<i2" => Convert<short, TTo>(path, bytes, count),
        "<u2" => Convert<ushort, TTo>(path, bytes, count),
        "<i4" => Convert<int, TTo>(path, bytes, count),
        "<u4" => Convert<uint, TTo>(path, bytes, count),
        "<i8" => Convert<long, TTo>(path, bytes, count),
        "<u8" => Convert<ulong, TTo>(path, bytes, count),
        _ => throw Error(path, $"holds elements of type {Printable.Quote(type)}: expected little-endian real numbers"),
    };

    private static TTo[] Convert<TFrom, TTo>(string path, ReadOnlySpan<byte> bytes, long count)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        var stored = MemoryMarshal.Cast<byte, TFrom>(bytes);
        if (bytes.Length != count * Unsafe.SizeOf<TFrom>())
            throw Error(path, $"holds {bytes.Length} bytes of elements, its shape needs {count} elements");
        var values = new TTo[stored.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = TTo.CreateSaturating(stored[i]);
        return values;
    }

    private static T[] Transpose<T>(T[] values, int rows, int columns)
    {
        var result = new T[values.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                result[row * columns + column] = values[column * rows + row];
        }

        return result;
    }

    private static string Field(string path, string header, Regex pattern)
    {
        var match = pattern.Match(header);
        return match.Success ? match.Groups[1].Value : throw Error(path, $"has the header {Printable.Quote(header)}: expected descr, fortran_order and shape");
    }

    private static EmergenceException Error(string path, string what) => new($"{path} {what}", ExitCode.Usage);

    [GeneratedRegex(@"'descr'\s*:\s*'([^']*)'")]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"'shape'\s*:\s*\(([^)]*)\)")]
    private static partial Regex ShapePattern();
}
