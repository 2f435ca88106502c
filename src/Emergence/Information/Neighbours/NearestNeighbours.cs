namespace Emergence.Information.Neighbours;

/// <summary>
/// Neighbour counts in the maximum norm, exact, in double precision and in any dimension. Rows that repeat are compared once
/// and counted as often as they occur. Near N log N distances with one column a side, N^2 with many.
/// </summary>
internal sealed class NearestNeighbours
{
    /// <summary>Labels that differ are this far apart: no neighbours, whatever the other columns say.</summary>
    public const double Apart = 1e9;

    private readonly int _rows;
    private readonly int _total;
    private readonly int _window;
    private readonly SortedColumns _x;
    private readonly SortedColumns _y;
    private readonly SortedColumns _both;
    private readonly int[]? _partners;

    /// <param name="x">(K, dx).</param>
    /// <param name="xColumns">dx, 1 or more.</param>
    /// <param name="y">(K, dy).</param>
    /// <param name="yColumns">dy, 1 or more.</param>
    /// <param name="counts">How often each row occurs.</param>
    /// <param name="window">Rows so near in their order are no neighbours (Theiler 1986); 0 if the order says nothing.</param>
    public NearestNeighbours(double[] x, int xColumns, double[] y, int yColumns, int[] counts, int window = 0)
        : this(new(x, xColumns, counts), new(y, yColumns, counts), new(Beside(x, xColumns, y, yColumns), xColumns + yColumns, counts),
            counts.Length, counts.Sum(), window, null)
    {
    }

    private NearestNeighbours(SortedColumns x, SortedColumns y, SortedColumns both, int rows, int total, int window, int[]? partners) =>
        (_x, _y, _both, _rows, _total, _window, _partners) = (x, y, both, rows, total, window, partners);

    /// <summary>What a row sees around it; the row itself is not counted, its equals are.</summary>
    /// <param name="K">Number of the neighbour that the radius reaches to: smaller if labels leave fewer.</param>
    /// <param name="Radius">Distance of the k-th neighbour in (x, y).</param>
    /// <param name="Same">Rows with the same x and y; 0 if the radius is not.</param>
    /// <param name="CloserX">Rows whose x is nearer than the radius, or the same if that is 0.</param>
    /// <param name="CloserY">Rows whose y is nearer than the radius, or the same if that is 0.</param>
    /// <param name="Total">Rows that could be its neighbours, and itself.</param>
    public readonly record struct Surroundings(int K, double Radius, int Same, int CloserX, int CloserY, int Total);

    /// <summary>The rows of x beside the rows of y with these numbers; each side's own order is kept. Rows must not repeat.</summary>
    public NearestNeighbours Pair(int[] partners) => new(_x, _y, SortedColumns.Beside(_x, _y, partners), _rows, _total, _window, partners);

    /// <summary>For each of some k, rising, one entry for each distinct row.</summary>
    public Surroundings[][] Find(params int[] ks)
    {
        var result = ks.Select(_ => new Surroundings[_rows]).ToArray();
        Parallel.For(
            0,
            _rows,
            () => (Nearest: new double[ks[^1]], Radii: new double[ks.Length], X: new int[ks.Length], Y: new int[ks.Length]),
            (row, _, buffers) =>
            {
                Find(row, ks, buffers.Nearest, buffers.Radii, buffers.X, buffers.Y, result);
                return buffers;
            },
            _ => { });
        return result;
    }

    private void Find(int row, int[] ks, double[] nearest, double[] radii, int[] closerX, int[] closerY, Surroundings[][] result)
    {
        _both.Nearest(row, _window, nearest);
        var within = nearest.Length;
        while (within > 0 && nearest[within - 1] >= Apart / 2)
            within--;
        for (var i = 0; i < ks.Length; i++)
            radii[i] = within == 0 ? 0 : nearest[Math.Min(ks[i], within) - 1];
        _x.Closer(row, radii, closerX);
        _y.Closer(Partner(row), radii, closerY);
        var (first, last) = (Math.Max(0, row - _window), Math.Min(_rows - 1, row + _window));
        for (var i = 0; i < ks.Length; i++)
        {
            var k = Math.Min(ks[i], within);
            if (radii[i] == 0)
            {
                result[i][row] = new(k, 0, k == 0 ? 0 : _both.Equal(row) - 1, _x.Equal(row) - 1, _y.Equal(Partner(row)) - 1, _total);
                continue;
            }

            var (x, y) = (closerX[i], closerY[i]);
            for (var other = first; other <= last; other++)
            {
                x -= _x.Distance(row, other) < radii[i] ? 1 : 0;
                y -= _y.Distance(Partner(row), Partner(other)) < radii[i] ? 1 : 0;
            }

            result[i][row] = new(k, radii[i], 0, x, y, _total - (last - first));
        }
    }

    private int Partner(int row) => _partners == null ? row : _partners[row];

    private static double[] Beside(double[] x, int xColumns, double[] y, int yColumns)
    {
        var (rows, columns) = (x.Length / xColumns, xColumns + yColumns);
        var both = new double[rows * columns];
        for (var row = 0; row < rows; row++)
        {
            x.AsSpan(row * xColumns, xColumns).CopyTo(both.AsSpan(row * columns));
            y.AsSpan(row * yColumns, yColumns).CopyTo(both.AsSpan(row * columns + xColumns));
        }

        return both;
    }
}
