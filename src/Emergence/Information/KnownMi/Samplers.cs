using Emergence.Devices.Randomness;

namespace Emergence.Information.KnownMi;

/// <summary>The building blocks of the known-MI cases: each returns a sampler of N rows.</summary>
internal static class Samplers
{
    /// <summary>Rows written one by one.</summary>
    public static Func<int, RandomSequence, PairSample> ByRow(int xColumns, int yColumns, RowWriter write) => (rows, random) =>
    {
        var (x, y) = (new double[rows * xColumns], new double[rows * yColumns]);
        for (var row = 0; row < rows; row++)
            write(random, x.AsSpan(row * xColumns, xColumns), y.AsSpan(row * yColumns, yColumns));
        return new(rows, x, xColumns, y, yColumns);
    };

    /// <summary>Coordinates with the given correlations, each pair independent of the others.</summary>
    public static Func<int, RandomSequence, PairSample> Normal(params double[] correlations) =>
        ByRow(correlations.Length, correlations.Length, (random, x, y) =>
    {
        for (var i = 0; i < x.Length; i++)
            (x[i], y[i]) = CorrelatedPair(random, correlations[i]);
    });

    public static (double X, double Y) CorrelatedPair(RandomSequence random, double correlation)
    {
        var x = random.NextNormal();
        return (x, correlation * x + Math.Sqrt(1 - correlation * correlation) * random.NextNormal());
    }

    /// <summary>Every pair of the 2 * width coordinates has the same correlation: a shared part and an own one.</summary>
    public static Func<int, RandomSequence, PairSample> Equicorrelated(int width, double correlation) =>
        ByRow(width, width, (random, x, y) =>
    {
        var shared = Math.Sqrt(correlation) * random.NextNormal();
        for (var i = 0; i < 2 * width; i++)
            (i < width ? x : y)[i % width] = shared + Math.Sqrt(1 - correlation) * random.NextNormal();
    });

    /// <summary>Multivariate Student t with one degree of freedom and no correlation, through asinh.</summary>
    public static Func<int, RandomSequence, PairSample> Student(int width) => ByRow(width, width, (random, x, y) =>
    {
        var scale = Math.Abs(random.NextNormal());
        for (var i = 0; i < 2 * width; i++)
            (i < width ? x : y)[i % width] = Math.Asinh(random.NextNormal() / scale);
    });

    /// <summary>A point of a constellation and the same with normal noise.</summary>
    public static Func<int, RandomSequence, PairSample> Channel(double[][] points, double noise) =>
        ByRow(points[0].Length, points[0].Length, (random, x, y) =>
    {
        var point = points[random.NextInt(points.Length)];
        for (var i = 0; i < x.Length; i++)
            (x[i], y[i]) = (point[i], point[i] + noise * random.NextNormal());
    });

    /// <summary>x = X[chooseX(k)], y = Y[chooseY(k)] with normal vectors of the given width, k from <paramref name="next"/>.</summary>
    public static Func<int, RandomSequence, PairSample> Vectors(int width, int xClasses, int yClasses,
        Func<RandomSequence, int, int> next, Func<int, int> chooseX, Func<int, int> chooseY) => (rows, random) =>
    {
        var xVectors = NormalVectors(random, xClasses, width);
        var yVectors = NormalVectors(random, yClasses, width);
        var row = 0;
        return ByRow(width, width, (source, x, y) =>
        {
            var k = next(source, row++);
            xVectors.AsSpan(chooseX(k) * width, width).CopyTo(x);
            yVectors.AsSpan(chooseY(k) * width, width).CopyTo(y);
        })(rows, random);
    };

    /// <summary>One-hot tokens.</summary>
    public static Func<int, RandomSequence, PairSample> OneHot(int xTokens, int yTokens, Func<RandomSequence, (int X, int Y)> next) =>
        ByRow(xTokens, yTokens, (random, x, y) =>
    {
        var (i, j) = next(random);
        x.Clear();
        y.Clear();
        (x[i], y[j]) = (1, 1);
    });

    /// <summary>A draw from weights 1 / (k + 1), k = 0 .. classes - 1.</summary>
    public static Func<RandomSequence, int, int> Zipf(int classes)
    {
        var table = new AliasTable([.. Enumerable.Range(1, classes).Select(k => 1.0 / k)]);
        return (random, _) => table.Draw(random.NextWord(), random.NextWord());
    }

    public static double[] NormalVectors(RandomSequence random, int count, int width, double deviation = 1)
    {
        var vectors = new double[count * width];
        for (var i = 0; i < vectors.Length; i++)
            vectors[i] = deviation * random.NextNormal();
        return vectors;
    }

    public delegate void RowWriter(RandomSequence random, Span<double> x, Span<double> y);
}
