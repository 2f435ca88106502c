using System.Buffers.Binary;
using System.Globalization;
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
    /// <param name="path">For messages.</param>
    /// <param name="bytes">The whole file.</param>
    public static StoredArray Read(string path, byte[] bytes)
    {
        if (bytes.Length < 12 || bytes[0] != 0x93 || !bytes.AsSpan(1, 5).SequenceEqual("NUMPY"u8))
            throw Error(path, "does not start as a .npy file does");
        var wide = bytes[6] >= 2;
        var start = wide ? 12 : 10;
        var length = wide ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8))
            : BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8));
        if (length > bytes.Length - start)
            throw Error(path, $"ends within its header of {length} bytes");
        var header = Encoding.UTF8.GetString(bytes, start, (int)length);
        var type = Field(path, header, TypePattern());
        var isColumnMajor = Field(path, header, OrderPattern()) == "True";
        var stored = new StoredArray(path, Sizes(path, header), Name(path, type), bytes.AsMemory(start + (int)length));
        return isColumnMajor ? stored.Transpose() : stored;
    }

    private static long[] Sizes(string path, string header)
    {
        var words = Field(path, header, ShapePattern()).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return [.. words.Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size
            : throw Error(path, $"has the shape '{string.Join(", ", words)}'"))];
    }

    /// <summary>The name that safetensors gives the same type.</summary>
    private static string Name(string path, string type) => type switch
    {
        "<f2" => "F16",
        "<f4" => "F32",
        "<f8" => "F64",
        "|b1" => "BOOL",
        "|u1" => "U8",
        "|i1" => "I8",
        "<i2" => "I16",
        "<u2" => "U16",
        "<i4" => "I32",
        "<u4" => "U32",
        "<i8" => "I64",
        "<u8" => "U64",
        _ => throw Error(path, $"holds elements of type {Printable.Quote(type)}: expected little-endian real numbers"),
    };

    private static string Field(string path, string header, Regex pattern)
    {
        var match = pattern.Match(header);
        return match.Success ? match.Groups[1].Value
            : throw Error(path, $"has the header {Printable.Quote(header)}: expected descr, fortran_order and shape");
    }

    private static EmergenceException Error(string path, string what) => new($"{path} {what}", ExitCode.Usage);

    [GeneratedRegex(@"'descr'\s*:\s*'([^']*)'")]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"'shape'\s*:\s*\(([^)]*)\)")]
    private static partial Regex ShapePattern();
}
