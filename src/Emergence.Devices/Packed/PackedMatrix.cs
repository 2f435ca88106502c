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
/// <param name="RowOrder">Which row each row is; null: they are as they are.</param>
/// <param name="ColumnOrder">Which column each column is; null: they are as they are.</param>
public readonly record struct PackedSlice(PackedMatrix Matrix, int Start, int[]? RowOrder = null, int[]? ColumnOrder = null)
{
    /// <summary>Rows counted from <see cref="Start"/>, as <see cref="PackedMatrix.Unpack"/>.</summary>
    public void Unpack(int start, int count, Span<float> destination)
    {
        var columns = Matrix.Columns;
        if (RowOrder == null && ColumnOrder == null)
        {
            Matrix.Unpack(Start + start, count, destination);
            return;
        }

        var stored = ColumnOrder == null ? [] : new float[columns];
        for (var row = 0; row < count; row++)
        {
            var from = RowOrder == null ? Start + start + row : RowOrder[Start + start + row];
            var to = destination.Slice(row * columns, columns);
            Matrix.Unpack(from, 1, ColumnOrder == null ? to : stored);
            for (var column = 0; column < stored.Length; column++)
                to[column] = stored[ColumnOrder![column]];
        }
    }
}
