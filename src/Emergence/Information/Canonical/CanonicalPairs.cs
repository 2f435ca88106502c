using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information.Exact;

namespace Emergence.Information.Canonical;

/// <summary>
/// The coordinates in which two sides correspond: pairs of directions z of x and z' of y with variance 1, each pair uncorrelated
/// with all others, whose correlations are the largest there are (Hotelling 1936), by subspace iteration.
/// </summary>
internal sealed class CanonicalPairs
{
    /// <summary>Directions beside those wanted: they make the iteration converge.</summary>
    private const int Spare = 16;

    private const int Iterations = 6;

    /// <summary>Rows that are made orthogonal to all before them at once.</summary>
    private const int Panel = 16;

    /// <summary>Key of the directions it starts from: the same for every cell and seed.</summary>
    private const ulong StartKey = 0x43616e6f6e;

    /// <summary>A correlation below this is none: the direction of y that belongs to it is not known.</summary>
    private const double NoCorrelation = 1e-9;

    /// <summary>(Count, coordinates of x): directions over what <see cref="Whitening.Fill"/> writes of x.</summary>
    private readonly double[] _mapX;
    private readonly double[] _mapY;
    private readonly Whitening _x;
    private readonly Whitening _y;

    public CanonicalPairs(JointClasses joint, int most, HostShare share)
    {
        Most = most;
        var seen = SomePairs.Of(joint.Support, Math.Max(joint.X.Features, joint.Y.Features));
        (_x, _y) = seen.Count == joint.Support.Count
            ? (joint.X.Whitening(share), joint.Y.Whitening(share))
            : (new(joint.X, share, SomePairs.Side(seen, joint.X.Count, pair => pair.A)),
                new(joint.Y, share, SomePairs.Side(seen, joint.Y.Count, pair => pair.B)));
        var block = Math.Min(most + Spare, Math.Min(_x.Count, _y.Count));
        Count = Math.Min(most, block);
        var (dx, dy) = ((double)_x.Count, (double)_y.Count);
        MultiplyAdds = dx * dy * (seen.Count + dx + dy + 2.0 * Iterations * block)
            + 2.0 * Iterations * block * block * (dx + dy)
            + Count * (dx * dx + dy * dy);
        var cross = Whitened(Cross(seen, share), share);
        var (left, right, correlations) = Leading(cross, block, share);
        Correlations = correlations[..Count];
        _mapX = Map(left, _x, share);
        _mapY = Map(right, _y, share);
    }

    /// <summary>Pairs asked for.</summary>
    public int Most { get; }

    /// <summary>Pairs.</summary>
    public int Count { get; }

    /// <summary>The map of x.</summary>
    public Whitening X => _x;

    /// <summary>The map of y.</summary>
    public Whitening Y => _y;

    /// <summary>To find the pairs from two whitened sides.</summary>
    public double MultiplyAdds { get; }

    /// <summary>To find the coordinates of so many classes of each side, and which of them lie near each other if somebody has
    /// looked.</summary>
    public double MultiplyAddsOf(double xClasses, double yClasses) =>
        Count * (_x.Count * xClasses + _y.Count * yClasses) + (Nearest?.MultiplyAdds ?? 0);

    /// <summary>Correlation of each pair, the largest first.</summary>
    public IReadOnlyList<double> Correlations { get; }

    /// <summary>Classes that lie near each other in these coordinates, once somebody has looked for them.</summary>
    public NearestClasses? Nearest { get; set; }

    /// <summary>Pairs of them.</summary>
    public NearPairs? Near { get; set; }

    /// <summary>(Kx, Count): z of every class of x.</summary>
    public float[] OfX(HostShare share) => Project(_x, _mapX, share);

    /// <summary>(Ky, Count): z' of every class of y.</summary>
    public float[] OfY(HostShare share) => Project(_y, _mapY, share);

    private float[] Project(Whitening side, double[] map, HostShare share) =>
        side.Project(share, Count, (k, to) => Column(map, side.Count, k, to));

    /// <summary>(coordinates of x, of y): sum over pairs of p x y', of standardised columns.</summary>
    private double[] Cross(IReadOnlyList<ClassPair> pairs, HostShare share)
    {
        var cross = new double[checked(_x.Count * _y.Count)];
        DoubleProducts.Add(share, pairs.Count, (k, to) => _x.Fill(pairs[k].A, pairs[k].Joint, to), _x.Count, (k, to) =>
            _y.Fill(pairs[k].B, 1, to), _y.Count, cross, 0, _y.Count);
        return cross;
    }

    /// <summary>The cross-covariance of whitened coordinates.</summary>
    private double[] Whitened(double[] cross, HostShare share)
    {
        var (rows, columns) = (_x.Count, _y.Count);
        var half = new double[cross.Length];
        DoubleProducts.Add(share, rows, _x.FillMapColumn, rows, (k, to) =>
            cross.AsSpan(k * columns, columns).CopyTo(to), columns, half, 0, columns);
        Array.Clear(cross);
        DoubleProducts.Add(share, columns, (k, to) => Column(half, columns, k, to), rows, _y.FillMapColumn, columns, cross, 0, columns);
        return cross;
    }

    /// <summary>Leading singular vectors, as rows, and singular values.</summary>
    private (double[] Left, double[] Right, double[] Values) Leading(double[] cross, int block, HostShare share)
    {
        var (rows, columns) = (_x.Count, _y.Count);
        var random = new RandomSequence(StartKey, 0, RandomStream.Weights);
        double[] left = [], right = [.. Enumerable.Range(0, block * columns).Select(_ => random.NextNormal())];
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            Orthonormalise(right, block, columns, share);
            left = new double[block * rows];
            DoubleProducts.Add(share, columns, (k, to) => Column(right, columns, k, to), block, (k, to) =>
                Column(cross, columns, k, to), rows, left, 0, rows);
            Orthonormalise(left, block, rows, share);
            right = new double[block * columns];
            DoubleProducts.Add(share, rows, (k, to) => Column(left, rows, k, to), block, (k, to) =>
                cross.AsSpan(k * columns, columns).CopyTo(to), columns, right, 0, columns);
        }

        var squares = new double[block * block];
        for (var i = 0; i < block; i++)
        {
            for (var j = 0; j <= i; j++)
                squares[i * block + j] = squares[j * block + i] =
                    DoubleProducts.Dot(right.AsSpan(i * columns, columns), right.AsSpan(j * columns, columns));
        }

        var (values, vectors) = SymmetricEigen.Decompose(squares, block);
        double[] correlations = [.. values.Select(value => Math.Sqrt(Math.Max(0, value)))];
        var inverses = correlations.Select(r => r > NoCorrelation ? 1 / r : 0).ToArray();
        return (Turn(left, rows, vectors, null), Turn(right, columns, vectors, inverses), correlations);
    }

    /// <summary>Combinations of rows: the first Count of <paramref name="vectors"/>, each times its factor.</summary>
    private double[] Turn(double[] of, int length, double[] vectors, double[]? factors)
    {
        var (block, turned) = (of.Length / length, new double[Count * length]);
        for (var i = 0; i < Count; i++)
        {
            for (var j = 0; j < block; j++)
                DoubleProducts.AddScaled(vectors[i * block + j] * (factors?[i] ?? 1), of.AsSpan(j * length, length),
                    turned.AsSpan(i * length, length));
        }

        return turned;
    }

    /// <summary>Directions over whitened coordinates become directions over standardised columns.</summary>
    private double[] Map(double[] directions, Whitening side, HostShare share)
    {
        var (count, map) = (side.Count, new double[directions.Length]);
        DoubleProducts.Add(share, count, (k, to) => Column(directions, count, k, to), Count, side.FillMap, count, map, 0, count);
        return map;
    }

    /// <summary>Rows of length 1 that are at right angles (Gram and Schmidt, each row twice; those of a panel off all before at once);
    /// zero if a row is a combination of those before.</summary>
    private static void Orthonormalise(double[] vectors, int rows, int length, HostShare share)
    {
        for (var start = 0; start < rows; start += Panel)
        {
            var (first, count) = (start, Math.Min(Panel, rows - start));
            double[] whole = [.. Enumerable.Range(first, count).Select(i => Math.Sqrt(DoubleProducts.Dot(Row(i), Row(i))))];
            for (var pass = 0; pass < 2; pass++)
            {
                var dots = new double[count * first];
                DoubleProducts.Add(share, length, (k, to) => Column(vectors, length, k, to, first), count, (k, to) =>
                    Column(vectors, length, k, to), first, dots, 0, first);
                DoubleProducts.Add(share, first, (j, to) => Column(dots, first, j, to, 0, -1), count, (j, to) =>
                    Row(j).CopyTo(to), length, vectors, first * length, length);
            }

            for (var i = first; i < first + count; i++)
            {
                for (var pass = 0; pass < 2; pass++)
                {
                    for (var j = first; j < i; j++)
                        DoubleProducts.AddScaled(-DoubleProducts.Dot(Row(i), Row(j)), Row(j), Row(i));
                }

                var rest = Math.Sqrt(DoubleProducts.Dot(Row(i), Row(i)));
                var scale = rest > 1e-12 * whole[i - first] ? 1 / rest : 0;
                foreach (ref var value in Row(i))
                    value *= scale;
            }
        }

        Span<double> Row(int i) => vectors.AsSpan(i * length, length);
    }

    /// <summary>A column from a row on, times a factor.</summary>
    private static void Column(double[] matrix, int columns, int column, Span<double> to, int firstRow = 0, double factor = 1)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = factor * matrix[(firstRow + i) * columns + column];
    }
}
