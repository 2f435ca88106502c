using Emergence.Devices.Randomness;
using static Emergence.Information.KnownMi.Samplers;

namespace Emergence.Information.KnownMi;

/// <summary>
/// The cases with known mutual information that every estimator faces. Sources: closed forms; Gao et al. 2017 for mixed
/// pairs; Czyz et al. 2023 for the Student and additive cases; numerical quadrature for the noisy channels.
/// </summary>
public static class KnownMiCases
{
    /// <summary>Rows at which the expectations hold.</summary>
    public const int Rows = 10_000;

    public static IReadOnlyList<KnownMiCase> All { get; } =
    [
        Continuous("1", "independent 64-d", 0, "closed form", Normal(new double[64]), About("gaussian", 0, .03), About("ksg", 0, .05),
            Within("mine-ema", -.15, .05)),
        Continuous("2", "normal .5", NormalBits(.5), "closed form", Normal(.5), About("gaussian", NormalBits(.5), .02),
            About("ksg", NormalBits(.5), .04), About("mine-ema", NormalBits(.5), .05)),
        Continuous("3", "normal .75", NormalBits(.75), "closed form", Normal(.75), About("gaussian", NormalBits(.75), .02),
            About("ksg", NormalBits(.75), .05), About("mine-ema", NormalBits(.75), .06)),
        Continuous("4", "normal .75, cubed", NormalBits(.75), "closed form", Cubed(.75), About("ksg", NormalBits(.75), .06),
            About("mine-ema", NormalBits(.75), .06), Fails("gaussian", .2, .4)),
        Continuous("5", "normal .99", NormalBits(.99), "closed form", Normal(.99), About("gaussian", NormalBits(.99), .02),
            About("ksg", NormalBits(.99), .05), About("mine-ema", NormalBits(.99), .2)),
        Continuous("6", "equicorrelated .5, 5-d", .8552, "closed form", Equicorrelated(5, .5), About("gaussian", .8552, .03),
            About("mine-ema", .8552, .12)),
        Continuous("7", "two links .8 in 100-d", 2 * NormalBits(.8), "closed form", Normal([.8, .8, .. new double[98]]), About("gaussian",
            2 * NormalBits(.8), .06), Fails("ksg", -.15, .15), Within("mine-ema", 2 * NormalBits(.8) - 1, 2 * NormalBits(.8) + .1)),
        Continuous("8", "20-d, 4 bits", 20 * NormalBits(.4921), "closed form", Normal(Repeat(.4921, 20)), About("gaussian", 4, .08),
            Fails("ksg", .5, 1.1), Within("mine-ema", 2.7, 4.1)),
        Continuous("9", "20-d, 10 bits", 20 * NormalBits(.70711), "closed form", Normal(Repeat(.70711, 20)), About("gaussian", 10, .15),
            Within("mine-ema", 5, 10.5), Within("smile", 5, 12)),
        Continuous("10", "additive noise .1", 2.4662, "closed form", Additive(.1), About("ksg", 2.4662, .06),
            About("mine-ema", 2.4662, .15)),
        Continuous("11", "additive noise .75", .4809, "closed form", Additive(.75), About("ksg", .4809, .03),
            About("mine-ema", .4809, .05)),
        Continuous("12", "Student 1+1", .3234, "Czyz et al. 2023", Student(1), About("ksg", .3234, .04), About("mine-ema", .3234, .08)),
        Continuous("13", "Student 2+2", .6232, "Czyz et al. 2023", Student(2), About("ksg", .6232, .12), About("mine-ema", .6232, .2),
            Fails("gaussian", -.05, .05)),
        Continuous("14", "discrete in uniform", 1.5219, "Gao et al. 2017", Staircase(5), About("mixed-ksg", 1.5219, .03),
            About("mine-ema", 1.5219, .06)),
        Continuous("15", "zero-inflated Poisson", .3315, "quadrature", ZeroInflatedPoisson(.15), About("mixed-ksg", .3315, .02),
            About("mine-ema", .3315, .035)),
        Continuous("16", "X-shaped mixture .9", .5897, "Monte Carlo, +- 0.0005", Cross(.9), About("ksg", .5897, .04),
            About("mine-ema", .5897, .08)),
        Continuous("17", "8-PSK, noise .3", 2.2940, "quadrature", Channel(PhaseShift(8), .3), About("ksg", 2.2940, .05),
            About("mine-ema", 2.2940, .1)),
        Continuous("18", "BPSK, noise 1", .4859, "quadrature", Channel([[-1], [1]], 1), About("mixed-ksg", .4859, .03),
            About("mine-ema", .4859, .05)),
        Continuous("19", "16-QAM, noise .5", 3.7385, "quadrature", Channel(Grid(-3, -1, 1, 3), .5), About("mine-ema", 3.7385, .3)),
        Discrete("20a", "binary symmetric .11", .5001, "closed form", Bits((bit, random) => random.NextDouble() < .11 ? 1 - bit : bit),
            About("grassberger", .5001, .015), About("mine-ema", .5001, .04)),
        Discrete("20b", "binary erasure .3", .7, "closed form", Bits((bit, random) => random.NextDouble() < .3 ? 2 : bit),
            About("grassberger", .7, .015), About("mine-ema", .7, .04)),
        Discrete("20c", "Z channel .5", .3113, "closed form", Bits((bit, random) => bit == 1 && random.NextDouble() < .5 ? 0 : bit),
            About("grassberger", .3113, .015), About("mine-ema", .3113, .04)),
        Discrete("21", "noisy typewriter 26", Math.Log2(13), "closed form",
            OneHot(26, 26, random => Typewriter(random.NextInt(26), random.NextInt(2))), About("grassberger", Math.Log2(13), .05),
            About("mine-ema", Math.Log2(13), .25)),
        Continuous("22", "XOR, noise .1", 1, "closed form", Xor(both: true), About("mine-ema", 1, .06)),
        Continuous("22b", "one input of XOR", 0, "closed form", Xor(both: false), Within("mine-ema", -.06, .06)),
        Discrete("23", "bijection, 25 classes", Math.Log2(25), "closed form",
            Vectors(64, 25, 25, (random, _) => random.NextInt(25), k => k, k => k), About("grassberger", Math.Log2(25), .01),
            About("mixed-ksg", Math.Log2(25), .01), About("s-mine", Math.Log2(25), .01), About("mine-ema", Math.Log2(25), .15),
            Expectation.Refuses("ksg"), Expectation.Refuses("gaussian"), Fails("paper", Math.Log2(25) + .05, Math.Log2(25) + .5)),
        Discrete("24", "bijection, 600 classes", Math.Log2(600), "closed form",
            Vectors(64, 600, 600, (random, _) => random.NextInt(600), k => k, k => k), About("grassberger", Math.Log2(600), .01),
            About("s-mine", Math.Log2(600), .07), Fails("paper", Math.Log2(600), double.PositiveInfinity)),
        Discrete("25", "Zipf(1), 100 classes", 5.3102, "closed form", Vectors(64, 100, 100, Zipf(100), k => k, k => k), About("grassberger",
            5.3102, .03), About("s-mine", 5.3102, .05), About("mine-ema", 5.3102, .45), Within("mixed-ksg", 5.3102 - .6, 5.3102 + .05)),
        Discrete("26", "25 classes merge to 5", Math.Log2(5), "closed form", Vectors(64, 5, 25, (random, _) => random.NextInt(25), k =>
            k % 5, k => k), About("exact", Math.Log2(5), .005), About("s-mine", Math.Log2(5), .02)),
        Discrete("27", "constant x", 0, "closed form", Vectors(64, 1, 25, (random, _) => random.NextInt(25), _ => 0, k => k),
            About("exact", 0, 0), About("s-mine", 0, 0), About("mine-ema", 0, .02)),
        Discrete("28", "neighbours without repetition", Math.Log2(25 / 24.0), "closed form",
            OneHot(25, 25, random => Neighbours(random.NextInt(25), random.NextInt(24))), About("grassberger", Math.Log2(25 / 24.0), .01)),
        Discrete("29", "every row unique", Math.Log2(Rows), "log2 N of this sample, no property of a source", Vectors(64, Rows, Rows,
            (_, row) => row, k => k, k => k), About("exact", Math.Log2(Rows), 1e-9), Within("s-mine", 0, Math.Log2(Rows) + 1e-4)),
        Continuous("30", "deterministic map, 5-d", double.PositiveInfinity, "closed form", Linear(5), Expectation.Refuses("gaussian"),
            Expectation.Unbounded("ksg"), Expectation.Unbounded("mine-ema")),
        .. Enumerable.Range(0, PrefixToy.Slots).Select(Toy),
        Continuous("32a", "one view", NormalBits(.75), "closed form", Views(.75, 1), About("gaussian", NormalBits(.75), .02),
            About("ksg", NormalBits(.75), .05), About("mine-ema", NormalBits(.75), .15 * NormalBits(.75))),
        Continuous("32b", "two views of the same", TwoViews(.75), "closed form", Views(.75, 2), About("gaussian", TwoViews(.75), .03),
            About("ksg", TwoViews(.75), .06), About("mine-ema", TwoViews(.75), .15 * TwoViews(.75))),
        Continuous("32c", "two independent copies", 2 * NormalBits(.75), "closed form", Normal(.75, .75),
            About("gaussian", 2 * NormalBits(.75), .03), About("ksg", 2 * NormalBits(.75), .1),
            About("mine-ema", 2 * NormalBits(.75), .15 * 2 * NormalBits(.75))),
    ];

    /// <summary>d correlated pairs of normal coordinates that share so many bits in all.</summary>
    public static KnownMiCase NormalPairs(int dimensions, double bits) =>
        Continuous($"{dimensions}-d normal", FormattableString.Invariant($"{bits} bits"), bits, "closed form",
            Normal(Repeat(Math.Sqrt(1 - Math.Pow(2, -2 * bits / dimensions)), dimensions)));

    private static KnownMiCase Continuous(string id, string name, double bits, string source, Func<int, RandomSequence, PairSample> draw,
        params Expectation[] expectations) => new(id, name, bits, source, false, draw, expectations);

    private static KnownMiCase Discrete(string id, string name, double bits, string source, Func<int, RandomSequence, PairSample> draw,
        params Expectation[] expectations) => new(id, name, bits, source, true, draw, expectations);

    /// <summary>Sequences outnumber the sample from the third slot on: there exact is about the sample, near log2 N.</summary>
    private static KnownMiCase Toy(int slot)
    {
        var bits = PrefixToy.TrueBits(slot);
        var exact = slot < 2 ? About("grassberger", bits, slot == 0 ? .01 : .03) : Within("exact", 0, Math.Log2(Rows) + 1e-9);
        return Discrete($"31{"abcd"[slot]}", $"toy prefix model, slot {slot}", bits, "closed form", (rows, random) =>
            PrefixToy.Sample(slot, rows, random), exact);
    }

    private static Expectation Within(string estimator, double low, double high) => new(estimator, low, high);

    private static Expectation Fails(string estimator, double low, double high) => new(estimator, low, high, IsFailure: true);

    private static Expectation About(string estimator, double bits, double tolerance) => new(estimator, bits - tolerance, bits + tolerance);

    /// <summary>-1/2 log2(1 - rho^2).</summary>
    private static double NormalBits(double correlation) => -.5 * Math.Log2(1 - correlation * correlation);

    /// <summary>1/2 log2(1 + 2 s): two views with independent noise add their ratios of signal to noise s = rho^2 / (1 - rho^2).</summary>
    private static double TwoViews(double correlation) =>
        .5 * Math.Log2(1 + 2 * correlation * correlation / (1 - correlation * correlation));

    /// <summary>y: so many copies of x, each with noise of its own.</summary>
    private static Func<int, RandomSequence, PairSample> Views(double correlation, int count) => ByRow(1, count, (random, x, y) =>
    {
        x[0] = random.NextNormal();
        for (var i = 0; i < count; i++)
            y[i] = correlation * x[0] + Math.Sqrt(1 - correlation * correlation) * random.NextNormal();
    });

    private static double[] Repeat(double value, int count) => [.. Enumerable.Repeat(value, count)];

    private static Func<int, RandomSequence, PairSample> Cubed(double correlation) => ByRow(1, 1, (random, x, y) =>
    {
        (x[0], y[0]) = CorrelatedPair(random, correlation);
        x[0] = x[0] * x[0] * x[0];
    });

    private static Func<int, RandomSequence, PairSample> Additive(double noise) => ByRow(1, 1, (random, x, y) =>
    {
        x[0] = random.NextDouble();
        y[0] = x[0] + noise * (2 * random.NextDouble() - 1);
    });

    private static Func<int, RandomSequence, PairSample> Staircase(int steps) => ByRow(1, 1, (random, x, y) =>
    {
        x[0] = random.NextInt(steps);
        y[0] = x[0] + 2 * random.NextDouble();
    });

    private static Func<int, RandomSequence, PairSample> ZeroInflatedPoisson(double zero) => ByRow(1, 1, (random, x, y) =>
    {
        x[0] = random.NextExponential();
        y[0] = random.NextDouble() < zero ? 0 : random.NextPoisson(x[0]);
    });

    private static Func<int, RandomSequence, PairSample> Cross(double correlation) => ByRow(1, 1, (random, x, y) =>
        (x[0], y[0]) = CorrelatedPair(random, random.NextInt(2) == 0 ? correlation : -correlation));

    private static double[][] PhaseShift(int points) =>
        [.. Enumerable.Range(0, points).Select(k => new[] { Math.Cos(2 * Math.PI * k / points), Math.Sin(2 * Math.PI * k / points) })];

    private static double[][] Grid(params double[] levels) => [.. levels.SelectMany(i => levels.Select(q => new[] { i, q }))];

    private static Func<int, RandomSequence, PairSample> Bits(Func<int, RandomSequence, int> output) => ByRow(1, 1, (random, x, y) =>
    {
        var bit = random.NextInt(2);
        (x[0], y[0]) = (bit, output(bit, random));
    });

    private static (int X, int Y) Typewriter(int key, int slip) => (key, (key + slip) % 26);

    private static (int X, int Y) Neighbours(int first, int other) => (first, other < first ? other : other + 1);

    private static Func<int, RandomSequence, PairSample> Xor(bool both) => ByRow(both ? 2 : 1, 1, (random, x, y) =>
    {
        var (a, b) = (random.NextInt(2), random.NextInt(2));
        x[0] = a + .1 * random.NextNormal();
        if (both)
            x[1] = b + .1 * random.NextNormal();
        y[0] = a ^ b;
    });

    private static Func<int, RandomSequence, PairSample> Linear(int width) => (rows, random) =>
    {
        var map = NormalVectors(random, width, width);
        return ByRow(width, width, (source, x, y) =>
        {
            for (var i = 0; i < width; i++)
                x[i] = source.NextNormal();
            for (var i = 0; i < width; i++)
            {
                for (var j = 0; j < width; j++)
                    y[i] += map[i * width + j] * x[j];
            }
        })(rows, random);
    };
}
