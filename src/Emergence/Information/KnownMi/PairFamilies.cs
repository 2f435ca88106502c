using Emergence.Devices.Randomness;
using Emergence.Information.Exact;
using static Emergence.Information.KnownMi.Samplers;

namespace Emergence.Information.KnownMi;

/// <summary>Rows as users bring them, whose source's information is known: shapes, tails, rounding, names, copies, time.</summary>
/// <param name="Name">A word or two.</param>
/// <param name="TrueBits">I(x; y) of the source; for copies and time of the source of one observation.</param>
/// <param name="Draw">N rows.</param>
public sealed record PairFamily(string Name, double TrueBits, Func<int, RandomSequence, PairSample> Draw)
{
    /// <summary>The rows as two sides of a table.</summary>
    public JointClasses Sample(int rows, ulong seed)
    {
        var cell = 1u;
        foreach (var letter in Name)
            cell = unchecked(cell * 131 + letter);
        var sample = Draw(rows, new RandomSequence(seed, cell, RandomStream.Samplers));
        return new(new(Columns("x", sample.X, sample.XColumns)), new(Columns("y", sample.Y, sample.YColumns)), isEnumeration: false);
    }

    private static SideColumn[] Columns(string side, double[] values, int columns) =>
        [.. Enumerable.Range(0, columns)
            .Select(column => SideColumn.Of($"{side}{column}", [.. values.Where((_, i) => i % columns == column)]))];
}

/// <summary>Thirty families. Truths by closed forms, by the formula of Student's distribution, or by quadrature.</summary>
public static class PairFamilies
{
    public static IReadOnlyList<PairFamily> All { get; } =
    [
        new("independent", 0, Normal(0.0)),
        new("normal .3", Bits(.3), Normal(.3)),
        new("normal .75", Bits(.75), Normal(.75)),
        new("normal .95", Bits(.95), Normal(.95)),
        new("normal .999", Bits(.999), Normal(.999)),
        new("dense 5+5", .8552, Equicorrelated(5, .5)),
        new("sparse 5+5", 2 * Bits(.8), Normal(.8, .8, 0, 0, 0)),
        new("two of 3+3", 2 * Bits(.8), Normal(.8, .8, 0)),
        new("Student 3, 2+2", .1599, Tails(3, 2)),
        new("Student 1", .3234, Tails(1, 1)),
        new("Student 1, 3+3", .8442, Tails(1, 3)),
        new("uniform margins", Bits(.75), Bent(.75, Uniform)),
        new("asinh .9", Bits(.9), Bent(.9, Math.Sinh)),
        new("half-cube .75", Bits(.75), Bent(.75, x => Math.Sign(x) * Math.Pow(Math.Abs(x), 1.5))),
        new("wiggly .75", Bits(.75), Bent(.75, x => x + .4 * Math.Sin(2 * x))),
        new("spiral 3+3", 2 * Bits(.8), Spiral),
        new("swiss roll 2+1", Bits(.75), SwissRoll),
        new("additive .1", 2.4662, Additive(.1)),
        new("additive .75", .4809, Additive(.75)),
        new("zero-inflated Poisson", .3315, ByRow(1, 1, (random, x, y) =>
        {
            x[0] = random.NextExponential();
            y[0] = random.NextDouble() < .15 ? 0 : random.NextPoisson(x[0]);
        })),
        new("staircase 5", 1.5219, ByRow(1, 1, (random, x, y) =>
        {
            x[0] = random.NextInt(5);
            y[0] = x[0] + 2 * random.NextDouble();
        })),
        new("bent planes 10+10", 2 * Bits(.8), BentPlanes),
        new("ten pairs .9", 10 * Bits(.9), Normal([.. Enumerable.Repeat(.9, 10)])),
        new("1,000 classes, none", 0, ByRow(1, 1, (random, x, y) => (x[0], y[0]) = (random.NextInt(1000), random.NextInt(10)))),
        new("1,000 classes, 20 labels", 2.8134, Noisy(1000, 20, .2, x => x)),
        new("wide ids", 2.6002, Noisy(50, 10, .1, x => x < 25 ? x : 1e15 + 7919.0 * x)),
        new("every row 5 times", Bits(.75), Copies(.75, rows => rows / 5)),
        new("a fifth copied", Bits(.75), Copies(.75, rows => rows * 4 / 5)),
        new("one decimal", .5948, Bent(.75, x => Math.Round(x, 1))),
        new("time series .99", 0, TimeSeries(.99)),
    ];

    private static double Bits(double correlation) => -.5 * Math.Log2(1 - correlation * correlation);

    private static Func<int, RandomSequence, PairSample> Bent(double correlation, Func<double, double> bend) =>
        ByRow(1, 1, (random, x, y) =>
    {
        var (left, right) = CorrelatedPair(random, correlation);
        (x[0], y[0]) = (bend(left), bend(right));
    });

    /// <summary>The normal distribution function, by its relation to the logistic one: any rising map will do.</summary>
    private static double Uniform(double x) => 1 / (1 + Math.Exp(-1.702 * x));

    /// <summary>Independent normal columns over one chi: Student's distribution.</summary>
    private static Func<int, RandomSequence, PairSample> Tails(int degrees, int width) => ByRow(width, width, (random, x, y) =>
    {
        var square = 0.0;
        for (var i = 0; i < degrees; i++)
            square += Math.Pow(random.NextNormal(), 2);
        for (var i = 0; i < 2 * width; i++)
            (i < width ? x : y)[i % width] = random.NextNormal() / Math.Sqrt(square / degrees);
    });

    private static Func<int, RandomSequence, PairSample> Additive(double noise) => ByRow(1, 1, (random, x, y) =>
    {
        x[0] = random.NextDouble();
        y[0] = x[0] + noise * (2 * random.NextDouble() - 1);
    });

    /// <summary>Two linked pairs of three, each side turned about its third axis by an angle that grows with the distance from 0.</summary>
    private static PairSample Spiral(int rows, RandomSequence random) => ByRow(3, 3, (source, x, y) =>
    {
        for (var i = 0; i < 3; i++)
            (x[i], y[i]) = CorrelatedPair(source, i < 2 ? .8 : 0);
        Turn(x, 0, 1);
        Turn(y, 1, 2);
    })(rows, random);

    private static void Turn(Span<double> point, int first, int second)
    {
        var angle = point[0] * point[0] + point[1] * point[1] + point[2] * point[2];
        var (sine, cosine) = Math.SinCos(angle / 2);
        (point[first], point[second]) = (cosine * point[first] - sine * point[second], sine * point[first] + cosine * point[second]);
    }

    private static PairSample SwissRoll(int rows, RandomSequence random) => ByRow(2, 1, (source, x, y) =>
    {
        (var flat, y[0]) = CorrelatedPair(source, .75);
        var angle = 1.5 * Math.PI * (1 + 2 * Uniform(flat));
        (x[0], x[1]) = (angle * Math.Cos(angle), angle * Math.Sin(angle));
    })(rows, random);

    /// <summary>Two linked pairs; each side is ten bent functions of its two coordinates, which they determine.</summary>
    private static PairSample BentPlanes(int rows, RandomSequence random)
    {
        var weights = new double[80];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = random.NextNormal();
        return ByRow(10, 10, (source, x, y) =>
        {
            var (a, b) = CorrelatedPair(source, .8);
            var (c, d) = CorrelatedPair(source, .8);
            for (var i = 0; i < 10; i++)
            {
                x[i] = Wave(weights.AsSpan(4 * i, 4), a, c);
                y[i] = Wave(weights.AsSpan(40 + 4 * i, 4), b, d);
            }
        })(rows, random);
    }

    private static double Wave(ReadOnlySpan<double> w, double a, double b) => w[0] * a + w[1] * b + Math.Sin(w[2] * a + w[3] * b);

    /// <summary>Classes and a label that they determine, but for some that are drawn at random.</summary>
    private static Func<int, RandomSequence, PairSample> Noisy(int classes, int labels, double noise, Func<int, double> name) =>
        ByRow(1, 1, (random, x, y) =>
    {
        var drawn = random.NextInt(classes);
        x[0] = name(drawn);
        y[0] = random.NextDouble() < noise ? random.NextInt(labels) : 7919 * drawn % classes % labels;
    });

    private static Func<int, RandomSequence, PairSample> Copies(double correlation, Func<int, int> originals) => (rows, random) =>
    {
        var (count, whole) = (originals(rows), Normal(correlation)(rows, random));
        for (var row = count; row < rows; row++)
        {
            var source = 5 * count == rows ? row % count : random.NextInt(count);
            (whole.X[row], whole.Y[row]) = (whole.X[source], whole.Y[source]);
        }

        return whole;
    };

    private static Func<int, RandomSequence, PairSample> TimeSeries(double memory) => (rows, random) =>
    {
        var (x, y) = (random.NextNormal(), random.NextNormal());
        return ByRow(1, 1, (source, left, right) =>
        {
            (left[0], right[0]) = (x, y);
            x = memory * x + Math.Sqrt(1 - memory * memory) * source.NextNormal();
            y = memory * y + Math.Sqrt(1 - memory * memory) * source.NextNormal();
        })(rows, random);
    };
}
