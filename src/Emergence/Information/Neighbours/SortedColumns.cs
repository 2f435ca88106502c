using System.Numerics;
using Emergence.Devices;

namespace Emergence.Information.Neighbours;

/// <summary>
/// Rows in the order of one of their columns. In the maximum norm no row is nearer than it is in that column, so what lies
/// within a distance is a run of rows, and a search for the nearest ends where the runs on both sides are farther.
/// </summary>
internal sealed class SortedColumns
{
    /// <summary>Rows that are compared at a time.</summary>
    private const int Block = 32;

    private readonly int _rows;
    private readonly int _padded;
    private readonly int _columns;
    private readonly double[] _values;
    private readonly double[] _key;
    private readonly int[] _order;
    private readonly int[] _place;
    private readonly int[] _counts;
    private readonly int[] _before;

    /// <param name="values">(K, columns).</param>
    /// <param name="columns">1 or more.</param>
    /// <param name="counts">How often each row occurs.</param>
    public SortedColumns(ReadOnlySpan<double> values, int columns, int[] counts)
    {
        (_rows, _columns) = (counts.Length, columns);
        _padded = Ceiling.Multiple(_rows, Block);
        var keyColumn = MostVaried(values, columns, _rows);
        var keys = new double[_rows];
        for (var row = 0; row < _rows; row++)
            keys[row] = values[row * columns + keyColumn];
        _order = [.. Enumerable.Range(0, _rows)];
        Array.Sort(keys, _order);
        _key = [.. keys, .. Enumerable.Repeat(double.PositiveInfinity, _padded - _rows)];
        (_place, _counts, _before) = (new int[_rows], new int[_padded], new int[_rows + 1]);
        _values = new double[_padded * columns];
        Array.Fill(_values, double.PositiveInfinity);
        for (var place = 0; place < _rows; place++)
        {
            var row = _order[place];
            (_place[row], _counts[place], _before[place + 1]) = (place, counts[row], _before[place] + counts[row]);
            for (var column = 0; column < columns; column++)
                _values[At(column, place)] = values[row * columns + column];
        }
    }

    /// <summary>Rows of one side beside chosen rows of another.</summary>
    public static SortedColumns Beside(SortedColumns x, SortedColumns y, int[] partners)
    {
        var columns = x._columns + y._columns;
        var values = new double[x._rows * columns];
        for (var row = 0; row < x._rows; row++)
        {
            for (var column = 0; column < x._columns; column++)
                values[row * columns + column] = x._values[x.At(column, x._place[row])];
            for (var column = 0; column < y._columns; column++)
                values[row * columns + x._columns + column] = y._values[y.At(column, y._place[partners[row]])];
        }

        return new(values, columns, [.. Enumerable.Repeat(1, x._rows)]);
    }

    /// <summary>Maximum-norm distance of two rows.</summary>
    public double Distance(int row, int other)
    {
        var distance = 0.0;
        for (var column = 0; column < _columns; column++)
            distance = Math.Max(distance, Math.Abs(_values[At(column, _place[row])] - _values[At(column, _place[other])]));
        return distance;
    }

    /// <summary>Distances of the nearest other rows, rising; those of less than so many are infinite.</summary>
    /// <param name="row">The row whose neighbours are sought.</param>
    /// <param name="window">Rows whose numbers differ from it by so much or less are passed over; itself always.</param>
    /// <param name="nearest">(k).</param>
    public void Nearest(int row, int window, Span<double> nearest)
    {
        nearest.Fill(double.PositiveInfinity);
        var place = _place[row];
        var own = _key[place];
        int low = place / Block - 1, high = place / Block + 1, blocks = _padded / Block;
        Visit(place / Block, place, row, window, nearest);
        while (true)
        {
            var below = low >= 0 ? own - _key[low * Block + Block - 1] : double.PositiveInfinity;
            var above = high < blocks ? _key[high * Block] - own : double.PositiveInfinity;
            if (!(Math.Min(below, above) < nearest[^1]))
                return;
            Visit(below < above ? low-- : high++, place, row, window, nearest);
        }
    }

    /// <summary>How many rows are nearer than each of the rising radii, the row itself among them.</summary>
    public void Closer(int row, ReadOnlySpan<double> radii, Span<int> closer)
    {
        var place = _place[row];
        closer.Clear();
        if (_columns == 1)
        {
            for (var i = 0; i < radii.Length; i++)
            {
                var (from, to) = Run(place, radii[i], isStrict: true);
                closer[i] = _before[to] - _before[from];
            }

            return;
        }

        var (start, end) = Run(place, radii[^1], isStrict: true);
        Span<double> distances = stackalloc double[Vector<double>.Count];
        for (var at = start / Vector<double>.Count * Vector<double>.Count; at < end; at += Vector<double>.Count)
        {
            var bound = new Vector<double>(radii[^1]);
            var far = Distances(at, place, bound);
            if (!Vector.LessThanAny(far, bound))
                continue;
            far.CopyTo(distances);
            for (var lane = 0; lane < distances.Length; lane++)
            {
                for (var i = radii.Length - 1; i >= 0 && distances[lane] < radii[i]; i--)
                    closer[i] += _counts[at + lane];
            }
        }
    }

    /// <summary>How many rows are equal, the row itself among them.</summary>
    public int Equal(int row)
    {
        var place = _place[row];
        var (from, to) = Run(place, 0, isStrict: false);
        if (_columns == 1)
            return _before[to] - _before[from];
        var equal = 0;
        for (var other = from; other < to; other++)
        {
            var isEqual = true;
            for (var column = 0; column < _columns && isEqual; column++)
                isEqual = _values[At(column, other)] == _values[At(column, place)];
            equal += isEqual ? _counts[other] : 0;
        }

        return equal;
    }

    /// <summary>Places whose key is nearer than the radius (or as near); subtraction rounds, so the ends are asked one by one.</summary>
    private (int From, int To) Run(int place, double radius, bool isStrict)
    {
        var own = _key[place];
        bool IsInside(int other) => isStrict ? Math.Abs(_key[other] - own) < radius : Math.Abs(_key[other] - own) <= radius;
        if (!IsInside(place))
            return (place, place);
        int from = place, to = place + 1;
        for (int low = -1; from - low > 1;)
        {
            var middle = (low + from) / 2;
            if (IsInside(middle))
                from = middle;
            else
                low = middle;
        }

        for (var high = _rows; high - to > 0;)
        {
            var middle = (to + high) / 2;
            if (IsInside(middle))
                to = middle + 1;
            else
                high = middle;
        }

        return (from, to);
    }

    private void Visit(int block, int place, int row, int window, Span<double> nearest)
    {
        Span<double> distances = stackalloc double[Vector<double>.Count];
        for (var at = block * Block; at < (block + 1) * Block; at += Vector<double>.Count)
        {
            var bound = new Vector<double>(nearest[^1]);
            var far = Distances(at, place, bound);
            if (!Vector.LessThanAny(far, bound))
                continue;
            far.CopyTo(distances);
            for (var lane = 0; lane < distances.Length && at + lane < _rows; lane++)
            {
                var other = at + lane;
                var count = other == place ? _counts[other] - 1 : window > 0 && Math.Abs(_order[other] - row) <= window ? 0
                    : _counts[other];
                for (; count > 0 && distances[lane] < nearest[^1]; count--)
                    Insert(nearest, distances[lane]);
            }
        }
    }

    private static void Insert(Span<double> nearest, double distance)
    {
        var place = nearest.Length - 1;
        for (; place > 0 && nearest[place - 1] > distance; place--)
            nearest[place] = nearest[place - 1];
        nearest[place] = distance;
    }

    /// <summary>Values lie by blocks of rows, in a block by columns: what is compared at a time lies together.</summary>
    private int At(int column, int place) => (place / Block * _columns + column) * Block + place % Block;

    /// <summary>Distances of rows side by side; once none can be below the bound, the columns that are left are not looked at.</summary>
    private Vector<double> Distances(int at, int place, Vector<double> bound)
    {
        const int Columns = 4;
        var far = Vector<double>.Zero;
        int theirs = At(0, at), own = At(0, place);
        for (var column = 1; ; column++, theirs += Block, own += Block)
        {
            far = Vector.Max(far, Vector.Abs(new Vector<double>(_values, theirs) - new Vector<double>(_values[own])));
            if (column == _columns || (column % Columns == 0 && !Vector.LessThanAny(far, bound)))
                return far;
        }
    }

    private static int MostVaried(ReadOnlySpan<double> values, int columns, int rows)
    {
        var (best, most) = (0, 0);
        var seen = new HashSet<double>();
        for (var column = 0; column < Math.Min(columns, 64) && most < rows; column++)
        {
            seen.Clear();
            for (var row = 0; row < rows; row++)
                seen.Add(values[row * columns + column]);
            (best, most) = seen.Count > most ? (column, seen.Count) : (best, most);
        }

        return best;
    }
}
