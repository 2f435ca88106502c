using Emergence.Devices;

namespace Emergence.Information.Canonical;

/// <summary>
/// The lower factor of a covariance whose rows and columns are taken in the order of what is left of them: the columns behind
/// the last one taken are, but for the smallest rest, combinations of those before.
/// </summary>
internal sealed class PivotedCholesky
{
    /// <summary>Columns between two updates of the whole matrix.</summary>
    private const int BlockColumns = 64;

    private readonly double[] _matrix;
    private readonly int _size;
    private readonly HostShare _share;

    /// <param name="matrix">(size, size), symmetric; becomes the factor.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="smallest">A column of whose variance less than this is left is not taken.</param>
    /// <param name="share">Who does it.</param>
    public PivotedCholesky(double[] matrix, int size, double smallest, HostShare share)
    {
        (_matrix, _size, _share) = (matrix, size, share);
        Order = [.. Enumerable.Range(0, size)];
        var left = new double[size];
        for (var i = 0; i < size; i++)
            left[i] = matrix[Index(i, i)];
        while (Rank < size && TakeBlock(left, smallest))
            Subtract(Rank - BlockColumns, Rank);
    }

    /// <summary>Row of the matrix that is row i of the factor.</summary>
    public int[] Order { get; }

    /// <summary>Columns taken.</summary>
    public int Rank { get; private set; }

    /// <summary>(Rank, Rank): the inverse of the factor's first rows, lower.</summary>
    public double[] Inverse()
    {
        var inverse = new double[(long)Rank * Rank];
        for (var start = 0; start < Rank; start += BlockColumns)
        {
            // Rows of the block: minus what the rows above contribute, then by substitution within the block.
            var (first, rows) = (start, Math.Min(BlockColumns, Rank - start));
            DoubleProducts.Add(_share, first, (k, row) => Column(k, first, row, -1), rows, (k, row) =>
                inverse.AsSpan(k * Rank, first).CopyTo(row), first, inverse, first * Rank, Rank);
            for (var i = first; i < first + rows; i++)
            {
                var row = inverse.AsSpan(i * Rank, i + 1);
                row[i] = 1;
                for (var k = first; k < i; k++)
                    DoubleProducts.AddScaled(-_matrix[Index(i, k)], inverse.AsSpan(k * Rank, k + 1), row[..(k + 1)]);
                foreach (ref var value in row)
                    value /= _matrix[Index(i, i)];
            }
        }

        return inverse;
    }

    /// <summary>False if no whole block of columns is left.</summary>
    private bool TakeBlock(double[] left, double smallest)
    {
        var start = Rank;
        for (var end = Math.Min(_size, start + BlockColumns); Rank < end; Rank++)
        {
            var (column, pivot) = (Rank, Rank);
            for (var i = column + 1; i < _size; i++)
                pivot = left[i] > left[pivot] ? i : pivot;
            if (!(left[pivot] > smallest))
                return false;
            Exchange(column, pivot, left);
            var root = Math.Sqrt(left[column]);
            _matrix[Index(column, column)] = root;
            var taken = _matrix.AsSpan(Index(column, start), column - start);
            for (var i = column + 1; i < _size; i++)
            {
                var value = (_matrix[Index(column, i)] - DoubleProducts.Dot(_matrix.AsSpan(Index(i, start), taken.Length), taken)) / root;
                _matrix[Index(i, column)] = value;
                left[i] -= value * value;
            }
        }

        return Rank == start + BlockColumns;
    }

    /// <summary>Row and column i become j; of the factor's rows too.</summary>
    private void Exchange(int i, int j, double[] left)
    {
        if (i == j)
            return;
        (Order[i], Order[j]) = (Order[j], Order[i]);
        (left[i], left[j]) = (left[j], left[i]);
        for (var k = 0; k < _size; k++)
            (_matrix[Index(i, k)], _matrix[Index(j, k)]) = (_matrix[Index(j, k)], _matrix[Index(i, k)]);
        for (var row = i; row < _size; row++)
            (_matrix[Index(row, i)], _matrix[Index(row, j)]) = (_matrix[Index(row, j)], _matrix[Index(row, i)]);
    }

    /// <summary>Takes the product of columns start .. end - 1 off the rest of the matrix.</summary>
    private void Subtract(int start, int end) =>
        DoubleProducts.Add(_share, end - start, (k, row) => Column(start + k, end, row, -1), _size - end, (k, row) =>
            Column(start + k, end, row, 1), _size - end, _matrix, Index(end, end), _size);

    /// <summary>Elements of a column of the factor from a row on.</summary>
    private void Column(int column, int firstRow, Span<double> to, double factor)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = factor * _matrix[Index(firstRow + i, column)];
    }

    private int Index(int row, int column) => checked(row * _size + column);
}
