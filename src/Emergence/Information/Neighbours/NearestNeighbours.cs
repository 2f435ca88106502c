using System.Numerics;

namespace Emergence.Information.Neighbours;

/// <summary>
/// Neighbour counts in the maximum norm by comparing every pair of distinct rows: exact, in any dimension,
/// O(K^2 (dx + dy)) for K distinct rows. Rows that repeat are compared once and counted as often as they occur.
/// </summary>
internal sealed class NearestNeighbours
{
    /// <summary>Rows whose distances are found together, so that they stay in the first cache.</summary>
    private const int Block = 2048;

    private readonly int _rows;
    private readonly int _padded;
    private readonly float[] _x;
    private readonly float[] _y;
    private readonly int[] _counts;

    /// <param name="x">(K, dx).</param>
    /// <param name="xColumns">dx, 1 or more.</param>
    /// <param name="y">(K, dy).</param>
    /// <param name="yColumns">dy, 1 or more.</param>
    /// <param name="counts">How often each row occurs.</param>
    public NearestNeighbours(ReadOnlySpan<double> x, int xColumns, ReadOnlySpan<double> y, int yColumns, ReadOnlySpan<int> counts)
    {
        _rows = counts.Length;
        _padded = (_rows + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        _x = Transpose(x, xColumns);
        _y = Transpose(y, yColumns);
        _counts = [.. counts, .. new int[_padded - _rows]];
    }

    /// <summary>What a row sees around it; the row itself is not counted, its equals are.</summary>
    /// <param name="Radius">Distance of the k-th neighbour in (x, y).</param>
    /// <param name="Same">Rows with the same x and y.</param>
    /// <param name="SameX">Rows with the same x.</param>
    /// <param name="SameY">Rows with the same y.</param>
    /// <param name="CloserX">Rows whose x is nearer than the radius.</param>
    /// <param name="CloserY">Rows whose y is nearer than the radius.</param>
    public readonly record struct Surroundings(float Radius, int Same, int SameX, int SameY, int CloserX, int CloserY);

    /// <summary>One entry for each distinct row.</summary>
    public Surroundings[] Find(int k)
    {
        var result = new Surroundings[_rows];
        Parallel.For(
            0,
            _rows,
            () => (X: new float[_padded], Y: new float[_padded], Nearest: new float[k]),
            (row, _, buffers) =>
            {
                Distances(_x, row, buffers.X);
                Distances(_y, row, buffers.Y);
                var radius = Radius(row, buffers.X, buffers.Y, buffers.Nearest);
                result[row] = Count(radius, buffers.X, buffers.Y);
                return buffers;
            },
            _ => { });
        return result;
    }

    /// <summary>Distance of the k-th nearest other row; a vector of rows that are all farther is passed over at once.</summary>
    private float Radius(int row, float[] dx, float[] dy, float[] nearest)
    {
        Array.Fill(nearest, float.PositiveInfinity);
        for (var start = 0; start < _padded; start += Vector<float>.Count)
        {
            var far = Vector.Max(new Vector<float>(dx, start), new Vector<float>(dy, start));
            if (!Vector.LessThanAny(far, new Vector<float>(nearest[^1])))
                continue;
            for (var other = start; other < start + Vector<float>.Count; other++)
            {
                var distance = Math.Max(dx[other], dy[other]);
                var count = _counts[other] - (other == row ? 1 : 0);
                for (; count > 0 && distance < nearest[^1]; count--)
                    Insert(nearest, distance);
            }
        }

        return nearest[^1];
    }

    private static void Insert(float[] nearest, float distance)
    {
        var place = nearest.Length - 1;
        for (; place > 0 && nearest[place - 1] > distance; place--)
            nearest[place] = nearest[place - 1];
        nearest[place] = distance;
    }

    private Surroundings Count(float radius, float[] dx, float[] dy)
    {
        Vector<int> same = default, sameX = default, sameY = default, closerX = default, closerY = default;
        for (var start = 0; start < _padded; start += Vector<float>.Count)
        {
            var count = new Vector<int>(_counts, start);
            var (x, y) = (new Vector<float>(dx, start), new Vector<float>(dy, start));
            var (isSameX, isSameY) = (Vector.Equals(x, Vector<float>.Zero), Vector.Equals(y, Vector<float>.Zero));
            sameX += isSameX & count;
            sameY += isSameY & count;
            same += isSameX & isSameY & count;
            closerX += Vector.LessThan(x, new Vector<float>(radius)) & count;
            closerY += Vector.LessThan(y, new Vector<float>(radius)) & count;
        }

        var itself = radius > 0 ? 1 : 0;
        return new(radius, Vector.Sum(same) - 1, Vector.Sum(sameX) - 1, Vector.Sum(sameY) - 1, Vector.Sum(closerX) - itself, Vector.Sum(closerY) - itself);
    }

    /// <summary>Maximum-norm distance of one row to all rows; columns four at a time, since memory is what takes time.</summary>
    private void Distances(float[] columns, int row, float[] distances)
    {
        Array.Clear(distances);
        for (var first = 0; first < _padded; first += Block)
        {
            var end = Math.Min(first + Block, _padded);
            var column = 0;
            for (; column + 4 * _padded <= columns.Length; column += 4 * _padded)
            {
                int c1 = column + _padded, c2 = c1 + _padded, c3 = c2 + _padded;
                Vector<float> own0 = new(columns[column + row]), own1 = new(columns[c1 + row]), own2 = new(columns[c2 + row]), own3 = new(columns[c3 + row]);
                for (var i = first; i < end; i += Vector<float>.Count)
                {
                    var low = Vector.Max(Apart(columns, column + i, own0), Apart(columns, c1 + i, own1));
                    var high = Vector.Max(Apart(columns, c2 + i, own2), Apart(columns, c3 + i, own3));
                    Vector.Max(new Vector<float>(distances, i), Vector.Max(low, high)).CopyTo(distances, i);
                }
            }

            for (; column < columns.Length; column += _padded)
            {
                var own = new Vector<float>(columns[column + row]);
                for (var i = first; i < end; i += Vector<float>.Count)
                    Vector.Max(new Vector<float>(distances, i), Apart(columns, column + i, own)).CopyTo(distances, i);
            }
        }
    }

    private static Vector<float> Apart(float[] columns, int at, Vector<float> own) => Vector.Abs(new Vector<float>(columns, at) - own);

    /// <summary>(columns, padded): the rows that only fill up are infinitely far from all others.</summary>
    private float[] Transpose(ReadOnlySpan<double> values, int columns)
    {
        var result = new float[_padded * columns];
        Array.Fill(result, float.PositiveInfinity);
        for (var row = 0; row < _rows; row++)
        {
            for (var column = 0; column < columns; column++)
                result[column * _padded + row] = (float)values[row * columns + column];
        }

        return result;
    }
}
