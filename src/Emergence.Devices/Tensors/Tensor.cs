namespace Emergence.Devices.Tensors;

/// <summary>
/// A row-major matrix in device memory, or a view of one. Vectors are (1, n) or (n, 1).
/// Element (r, c) lies at <c>Address + (r * RowStride + c) * Type.Size()</c>.
/// The tensor that owns its buffer frees it; views do not.
/// </summary>
public sealed class Tensor : IDisposable
{
    private readonly bool _owns;

    /// <summary>The whole of a buffer as (rows, columns), dense.</summary>
    public Tensor(Buffer buffer, DType type, int rows, int columns)
        : this(buffer, type, rows, columns, columns, 0, owns: true)
    {
        if (buffer.ByteLength < (long)rows * columns * type.Size())
            throw new ArgumentException($"a {type} ({rows}, {columns}) does not fit into {buffer.ByteLength} bytes");
    }

    private Tensor(Buffer buffer, DType type, int rows, int columns, int rowStride, long offset, bool owns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        Buffer = buffer;
        Type = type;
        Rows = rows;
        Columns = columns;
        RowStride = rowStride;
        ByteOffset = offset;
        _owns = owns;
    }

    public Buffer Buffer { get; }

    public DType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Elements from a row to the next.</summary>
    public int RowStride { get; }

    /// <summary>Where element (0, 0) lies in the buffer: what a device needs whose memory has handles instead of addresses.</summary>
    public long ByteOffset { get; }

    /// <summary>Address of element (0, 0) on its device.</summary>
    public nint Address => Buffer.Address + (nint)ByteOffset;

    /// <summary>Number of elements.</summary>
    public long Count => (long)Rows * Columns;

    public bool IsDense => RowStride == Columns || Rows <= 1;

    /// <summary>A dense (rows, columns) of another type in the bytes of a buffer that somebody else frees.</summary>
    public static Tensor View(Buffer buffer, long offset, DType type, int rows, int columns)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (offset < 0 || offset + (long)rows * columns * type.Size() > buffer.ByteLength)
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"a {type} ({rows}, {columns}) at byte {offset} is not within {buffer.ByteLength} bytes");
        return new(buffer, type, rows, columns, columns, offset, owns: false);
    }

    /// <summary>Rows start .. start + count - 1.</summary>
    public Tensor RowRange(int start, int count)
    {
        CheckRange(start, count, Rows, "rows");
        return new(Buffer, Type, count, Columns, RowStride, ByteOffset + (long)start * RowStride * Type.Size(), owns: false);
    }

    /// <summary>Columns start .. start + count - 1 of every row.</summary>
    public Tensor ColumnRange(int start, int count)
    {
        CheckRange(start, count, Columns, "columns");
        return new(Buffer, Type, Rows, count, RowStride, ByteOffset + (long)start * Type.Size(), owns: false);
    }

    /// <summary>A view of all elements as (rows, columns); the tensor must be dense.</summary>
    public Tensor Reshape(int rows, int columns)
    {
        if (!IsDense || (long)rows * columns != Count)
            throw new ArgumentException($"({Rows}, {Columns}) cannot be seen as ({rows}, {columns})");
        return new(Buffer, Type, rows, columns, columns, ByteOffset, owns: false);
    }

    /// <summary>The first elements of a dense tensor as a dense (rows, columns).</summary>
    public Tensor Front(int rows, int columns)
    {
        if (!IsDense || (long)rows * columns > Count)
            throw new ArgumentException($"({Rows}, {Columns}) has no dense ({rows}, {columns}) at its front");
        return new(Buffer, Type, rows, columns, columns, ByteOffset, owns: false);
    }

    public void Dispose()
    {
        if (_owns)
            Buffer.Dispose();
    }

    public override string ToString() => $"{Type} ({Rows}, {Columns})";

    private static void CheckRange(int start, int count, int limit, string what)
    {
        if (start < 0 || count < 0 || start > limit - count)
            throw new ArgumentOutOfRangeException(nameof(start), $"{what} {start} .. {start + count} of {limit}");
    }
}
