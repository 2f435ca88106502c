using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Information.Exact;

namespace Emergence.Information.Canonical;

/// <summary>
/// A map of one side's vectors to coordinates that are uncorrelated with variance 1 over its classes, weighted: standardised
/// columns in the order of what each adds to those before, each less what they say of it. What adds nothing beyond rounding is
/// left out, unless it alone tells classes apart. The map can be undone, so the side's information stays as it is.
/// </summary>
internal sealed class Whitening
{
    /// <summary>At least this much of a standardised column's variance must be new.</summary>
    private const double SmallestRest = 1e-10;

    /// <summary>Below, what is left of a variance is rounding in double precision.</summary>
    private const double RoundingRest = 1e-13;

    private readonly RowClasses _rows;

    /// <summary>Classes that the covariance is of, with weights that sum to 1.</summary>
    private readonly (int Class, double Weight)[] _seen;

    /// <summary>Columns of the side that the map reads, with the mean and 1 / SD of each.</summary>
    private readonly int[] _columns;
    private readonly double[] _means;
    private readonly double[] _scales;

    /// <summary>Coordinates that tell apart classes which all those columns leave equal: (K) each.</summary>
    private readonly List<double[]> _ties = [];

    /// <summary>(taken, taken), lower: from standardised columns to coordinates.</summary>
    private readonly double[] _inverse;

    /// <param name="rows">The side.</param>
    /// <param name="share">Who finds the map.</param>
    /// <param name="seen">Classes that the covariance is of, with weights that sum to 1; by default all.</param>
    public Whitening(RowClasses rows, HostShare share, (int Class, double Weight)[]? seen = null)
    {
        _rows = rows;
        _seen = seen ?? [.. Enumerable.Range(0, rows.Count).Select(k => (k, rows.Weights[k]))];
        var (columns, means, scales) = rows.Scales(share);
        (_columns, _means, _scales) = (columns, means, scales);
        var cut = SmallestRest;
        var factor = new PivotedCholesky(Covariance(share), columns.Length, cut, share);
        while (factor.Rank < columns.Length && cut > RoundingRest && !TellsApart(factor))
        {
            cut = Math.Max(RoundingRest, cut / 10);
            factor = new PivotedCholesky(Covariance(share), columns.Length, cut, share);
        }

        Dropped = columns.Length - factor.Rank;
        int[] taken = [.. factor.Order.Take(factor.Rank)];
        _columns = [.. taken.Select(column => columns[column])];
        _means = [.. taken.Select(column => means[column])];
        _scales = [.. taken.Select(column => scales[column])];
        _inverse = factor.Inverse();
        if (Dropped > 0)
            Untie();
    }

    /// <summary>Coordinates.</summary>
    public int Count => _columns.Length + _ties.Count;

    /// <summary>Columns that are, beyond rounding, combinations of others.</summary>
    private int Dropped { get; }

    /// <summary>To find the map: the lower half of the covariance, its factor and the inverse of that.</summary>
    public double MultiplyAdds => (0.5 * _seen.Length + 0.5 * _columns.Length)
        * (_columns.Length + Dropped) * (_columns.Length + Dropped);

    /// <summary>To find the map, and all coordinates of so many classes.</summary>
    public double MultiplyAddsOf(int classes) => MultiplyAdds + 0.5 * classes * Count * Count;

    public WhitenedSide Describe() => new(Count, Dropped, _ties.Count);

    /// <summary>A class before it is whitened: its standardised columns, times a factor.</summary>
    public void Fill(int row, double factor, Span<double> to)
    {
        var plain = _rows.Plain(row);
        var (columns, means, scales) = (_columns, _means, _scales);
        for (var i = 0; i < columns.Length; i++)
        {
            var value = plain.IsEmpty ? _rows.Value(row, columns[i]) : plain[columns[i]];
            to[i] = factor * ((value - means[i]) * scales[i]);
        }

        for (var i = 0; i < _ties.Count; i++)
            to[_columns.Length + i] = factor * _ties[i][row];
    }

    /// <summary>Row i of the map, (Count): from what <see cref="Fill"/> writes to coordinate i.</summary>
    public void FillMap(int i, Span<double> to)
    {
        to.Clear();
        if (i < _columns.Length)
            _inverse.AsSpan(i * _columns.Length, i + 1).CopyTo(to);
        else
            to[i] = 1;
    }

    /// <summary>Column i of the map's first rows.</summary>
    public void FillMapColumn(int i, Span<double> to)
    {
        to.Clear();
        if (i >= _columns.Length)
            to[i] = 1;
        for (var row = i; row < Math.Min(to.Length, _columns.Length); row++)
            to[row] = _inverse[row * _columns.Length + i];
    }

    /// <summary>(K, columns): what <see cref="Fill"/> writes of all classes, times the transpose of a map.</summary>
    /// <param name="share">Who does it.</param>
    /// <param name="columns">Rows of the map.</param>
    /// <param name="map">Writes column k of the map.</param>
    /// <param name="isLower">Row k of the map reads no more than the first k + 1 coordinates.</param>
    public float[] Project(HostShare share, int columns, RowFill map, bool isLower = false) =>
        DoubleProducts.OfRows(share, _rows.Count, (k, to) => Fill(k, 1, to), Count, map, columns, isLower);

    private double[] Covariance(HostShare share)
    {
        var size = _columns.Length;
        var covariance = new double[checked(size * size)];
        DoubleProducts.Add(share, _seen.Length, FillWeighted, size, FillWeighted, size, covariance, 0, size, lowerOnly: true);
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < i; j++)
                covariance[j * size + i] = covariance[i * size + j];
        }

        return covariance;

        void FillWeighted(int k, Span<double> to) => Fill(_seen[k].Class, Math.Sqrt(_seen[k].Weight), to);
    }

    /// <summary>Whether the columns that a factor takes tell apart all classes.</summary>
    private bool TellsApart(PivotedCholesky factor) => Groups([.. factor.Order.Take(factor.Rank).Select(i => _columns[i])])
        .All(group => group.Count == 1);

    /// <summary>Classes that are equal in these columns.</summary>
    private IEnumerable<List<int>> Groups(int[] columns)
    {
        var groups = new Dictionary<ulong, List<int>>(_rows.Count);
        for (var k = 0; k < _rows.Count; k++)
        {
            // Two rows with one hash would only keep a coordinate that is not needed.
            var hash = 14695981039346656037ul;
            foreach (var column in columns)
                hash = ulong.RotateLeft((hash ^ BitConverter.DoubleToUInt64Bits(_rows.Value(k, column))) * 0x9E3779B97F4A7C15ul, 29);
            ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(groups, hash, out _);
            (group ??= []).Add(k);
        }

        return groups.Values;
    }

    /// <summary>
    /// Where classes are equal in all columns taken, another column tells them apart: less its mean over each such group it is
    /// uncorrelated with whatever those columns say, however small it is.
    /// </summary>
    private void Untie()
    {
        var columns = _columns.ToList();
        while (Groups([.. columns]).Where(group => group.Count > 1).ToList() is { Count: > 0 } groups)
        {
            var column = Enumerable.Range(0, _rows.Features)
                .FirstOrDefault(c => groups.Any(group => group.Any(k => _rows.Value(k, c) != _rows.Value(group[0], c))), -1);
            if (column < 0)
                return;
            var (tie, variance) = (new double[_rows.Count], 0.0);
            foreach (var group in groups)
            {
                var (weight, mean) = (0.0, 0.0);
                foreach (var k in group)
                {
                    weight += _rows.Weights[k];
                    mean += _rows.Weights[k] * _rows.Value(k, column);
                }

                foreach (var k in group)
                {
                    tie[k] = _rows.Value(k, column) - mean / weight;
                    variance += _rows.Weights[k] * tie[k] * tie[k];
                }
            }

            var scale = 1 / Math.Sqrt(variance);
            _ties.Add([.. tie.Select(value => value * scale)]);
            columns.Add(column);
        }
    }
}
