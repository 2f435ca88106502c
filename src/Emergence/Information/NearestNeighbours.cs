using System.Numerics;

namespace Emergence.Information;

/// <summary>
/// Neighbour counts in the maximum norm by comparing every pair: exact, in any dimension, O(N^2 (dx + dy)). One row of
/// distances is kept for each thread.
/// </summary>
/// <param name="x">(N, dx).</param>
/// <param name="xColumns">dx.</param>
/// <param name="y">(N, dy).</param>
/// <param name="yColumns">dy.</param>
internal sealed class NearestNeighbours(ReadOnlyMemory<float> x, int xColumns, ReadOnlyMemory<float> y, int yColumns)
{
    private readonly int _rows = x.Length / xColumns;
    private readonly float[] _xColumns = Transpose(x.Span, xColumns);
    private readonly float[] _yColumns = Transpose(y.Span, yColumns);

    /// <summary>What a row sees around it; the row itself is not counted.</summary>
    /// <param name="Radius">Distance of the k-th neighbour in (x, y).</param>
    /// <param name="Same">Rows with the same x and y.</param>
    /// <param name="SameX">Rows with the same x.</param>
    /// <param name="SameY">Rows with the same y.</param>
    /// <param name="CloserX">Rows whose x is nearer than the radius.</param>
    /// <param name="CloserY">Rows whose y is nearer than the radius.</param>
    public readonly record struct Surroundings(float Radius, int Same, int SameX, int SameY, int CloserX, int CloserY);

    public Surroundings[] Find(int k)
    {
        var result = new Surroundings[_rows];
        Parallel.For(
            0,
            _rows,
            () => (X: new float[_rows], Y: new float[_rows], Nearest: new float[k]),
            (row, _, buffers) =>
            {
                Distances(_xColumns, xColumns, row, buffers.X);
                Distances(_yColumns, yColumns, row, buffers.Y);
                result[row] = Look(row, buffers.X, buffers.Y, buffers.Nearest);
                return buffers;
            },
            _ => { });
        return result;
    }

    private static Surroundings Look(int row, float[] dx, float[] dy, float[] nearest)
    {
        Array.Fill(nearest, float.PositiveInfinity);
        for (var other = 0; other < dx.Length; other++)
        {
            var distance = Math.Max(dx[other], dy[other]);
            if (distance >= nearest[^1] || other == row)
                continue;
            var place = nearest.Length - 1;
            for (; place > 0 && nearest[place - 1] > distance; place--)
                nearest[place] = nearest[place - 1];
            nearest[place] = distance;
        }

        var radius = nearest[^1];
        int same = -1, sameX = -1, sameY = -1, closerX = radius > 0 ? -1 : 0, closerY = closerX;
        for (var other = 0; other < dx.Length; other++)
        {
            same += dx[other] == 0 && dy[other] == 0 ? 1 : 0;
            sameX += dx[other] == 0 ? 1 : 0;
            sameY += dy[other] == 0 ? 1 : 0;
            closerX += dx[other] < radius ? 1 : 0;
            closerY += dy[other] < radius ? 1 : 0;
        }

        return new(radius, same, sameX, sameY, closerX, closerY);
    }

    /// <summary>Maximum-norm distance of one row to all rows.</summary>
    private void Distances(float[] columns, int count, int row, float[] distances)
    {
        Array.Clear(distances);
        for (var column = 0; column < count; column++)
        {
            var values = columns.AsSpan(column * _rows, _rows);
            var own = new Vector<float>(values[row]);
            var i = 0;
            for (; i <= _rows - Vector<float>.Count; i += Vector<float>.Count)
            {
                var far = Vector.Max(new Vector<float>(distances, i), Vector.Abs(new Vector<float>(values[i..]) - own));
                far.CopyTo(distances, i);
            }

            for (; i < _rows; i++)
                distances[i] = Math.Max(distances[i], Math.Abs(values[i] - values[row]));
        }
    }

    private static float[] Transpose(ReadOnlySpan<float> values, int columns)
    {
        var rows = values.Length / columns;
        var result = new float[values.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                result[column * rows + row] = values[row * columns + column];
        }

        return result;
    }
}
