using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>An array as a file stores it: its elements are little-endian numbers of one type, row-major.</summary>
/// <param name="Source">For messages.</param>
/// <param name="Shape">(N), (N, d) or (N, T, d).</param>
/// <param name="Type">As safetensors names it, e.g. F32.</param>
/// <param name="Bytes">Bytes of all elements.</param>
internal sealed record StoredArray(string Source, IReadOnlyList<long> Shape, string Type, ReadOnlyMemory<byte> Bytes)
{
    private bool _isColumnMajor;

    private string Shown => $"({string.Join(", ", Shape)})";

    /// <summary>The array whose first index runs fastest in these bytes.</summary>
    public StoredArray Transpose() => this with { _isColumnMajor = true };

    /// <summary>(N, r, c) as (N, r * c); others as they are.</summary>
    public StoredArray Flatten() => Shape.Count != 3 ? this
        : _isColumnMajor ? throw Error("expected an array in the order of C, found one in that of Fortran")
        : this with { Shape = [Shape[0], Shape[1] * Shape[2]] };

    /// <summary>Columns of (N) or (N, d); of (N, T, d) at one position.</summary>
    public DataColumn[] Columns(int? position)
    {
        var isSequence = Shape.Count == 3;
        if (Shape.Count is < 1 or > 3 || Shape.Any(size => size is < 1 or > int.MaxValue)
            || Shape.Aggregate(1.0, (product, size) => product * size) > Array.MaxLength)
            throw Error($"expected an array of shape (N), (N, d) or (N, T, d), found {Shown}");
        if (isSequence && position == null)
            throw Error($"expected an array of shape (N) or (N, d), found {Shown}: --position T chooses one of the {Shape[1]} positions");
        if (!isSequence && position != null)
            throw Error($"--position {position}: expected an array of shape (N, T, d), found {Shown}");
        if (isSequence && (position < 0 || position >= Shape[1]))
            throw Error($"--position {position}: expected 0 .. {Shape[1] - 1}");
        var (rows, width) = ((int)Shape[0], Shape.Count == 1 ? 1 : (int)Shape[^1]);
        var stride = isSequence ? (int)Shape[1] : 1;
        int At(int row, int column) => _isColumnMajor
            ? row + rows * ((position ?? 0) + stride * column)
            : (row * stride + (position ?? 0)) * width + column;
        return Type switch
        {
            "F64" => Doubles<double>(rows, width, At),
            "F32" => Doubles<float>(rows, width, At),
            "F16" => Doubles<Half>(rows, width, At),
            "BF16" => Widened().Doubles<float>(rows, width, At),
            "BOOL" or "U8" => Doubles<byte>(rows, width, At),
            "I8" => Doubles<sbyte>(rows, width, At),
            "I16" => Doubles<short>(rows, width, At),
            "U16" => Doubles<ushort>(rows, width, At),
            "I32" => Doubles<int>(rows, width, At),
            "U32" => Doubles<uint>(rows, width, At),
            "I64" => Wholes<long>(rows, width, At),
            "U64" => Wholes<ulong>(rows, width, At),
            _ => throw Error($"holds elements of type {Printable.Quote(Type)}: expected real numbers"),
        };
    }

    private DataColumn[] Doubles<T>(int rows, int width, Func<int, int, int> at)
        where T : unmanaged, INumber<T>
    {
        var values = Elements<T>(rows, width);
        return Make(width, column =>
        {
            var numbers = new double[rows];
            for (var row = 0; row < rows; row++)
                numbers[row] = double.CreateChecked(values.Span[at(row, column)]);
            return DataColumn.OfDoubles("", numbers);
        });
    }

    private DataColumn[] Wholes<T>(int rows, int width, Func<int, int, int> at)
        where T : unmanaged, INumber<T>
    {
        var values = Elements<T>(rows, width);
        return Make(width, column => DataColumn.OfWholes(
            "", [.. Enumerable.Range(0, rows).Select(row => (Int128?)Int128.CreateChecked(values.Span[at(row, column)]))]));
    }

    private static DataColumn[] Make(int width, Func<int, DataColumn> column) =>
        [.. Enumerable.Range(0, width).AsParallel().AsOrdered().Select(column)];

    private Memory<T> Elements<T>(int rows, int width)
        where T : unmanaged
    {
        var count = Shape.Aggregate(1L, (product, size) => product * size);
        if (Bytes.Length != count * Unsafe.SizeOf<T>())
            throw Error($"holds {Bytes.Length} bytes of elements, its shape needs {count} elements");
        return MemoryMarshal.Cast<byte, T>(Bytes.Span).ToArray();
    }

    /// <summary>bfloat16 is the upper half of float32.</summary>
    private StoredArray Widened()
    {
        var wide = new byte[2 * Bytes.Length];
        for (var i = 0; i < Bytes.Length; i++)
            wide[2 * i + (i % 2 == 0 ? 2 : 1)] = Bytes.Span[i];
        return this with { Type = "F32", Bytes = wide };
    }

    private EmergenceException Error(string what) => new($"{Source}: {what}", ExitCode.Usage);
}
