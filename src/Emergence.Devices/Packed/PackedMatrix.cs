namespace Emergence.Devices.Packed;

/// <summary>A matrix whose values are unpacked when they are needed.</summary>
public abstract class PackedMatrix
{
    public abstract int Rows { get; }

    public abstract int Columns { get; }

    /// <summary>Where the values come from, for devices that unpack by themselves.</summary>
    public abstract PackedForm Form { get; }

    /// <summary>Writes rows <paramref name="start"/> .. start + count - 1, dense, in single precision: the host's way, which may be
    /// called from several threads.</summary>
    public abstract void Unpack(int start, int count, Span<float> destination);
}

/// <summary>Rows of a packed matrix, or of one whose rows or columns are taken in another order.</summary>
/// <param name="Matrix">The whole.</param>
/// <param name="Start">First row.</param>
/// <param name="RowOrder">Stored row that each row is; null: they are in order.</param>
/// <param name="ColumnOrder">Stored column that each column is; null: they are in order.</param>
public readonly record struct PackedSlice(PackedMatrix Matrix, int Start, int[]? RowOrder = null, int[]? ColumnOrder = null)
{
    /// <summary>Rows counted from <see cref="Start"/>, as <see cref="PackedMatrix.Unpack"/>.</summary>
    public void Unpack(int start, int count, Span<float> destination)
    {
        var columns = Matrix.Columns;
        if (RowOrder is { } rows)
        {
            for (var row = 0; row < count; row++)
                Matrix.Unpack(rows[Start + start + row], 1, destination.Slice(row * columns, columns));
        }
        else
        {
            Matrix.Unpack(Start + start, count, destination);
        }

        if (ColumnOrder is not { } order)
            return;
        var stored = new float[columns];
        for (var row = 0; row < count; row++)
        {
            var values = destination.Slice(row * columns, columns);
            values.CopyTo(stored);
            for (var column = 0; column < columns; column++)
                values[column] = stored[order[column]];
        }
    }
}
