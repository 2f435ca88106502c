using Emergence.Information.KnownMi;

namespace Emergence.Tests.Information;

/// <summary>The information of known cases by another route than the one that wrote it down: sums and quadratures of the densities
/// themselves.</summary>
public sealed class KnownTruthTests
{
    /// <summary>p(k | x) log2 p(k | x) / p(k) over x ~ Exp(1): with 0 told from inflated zeros it would be 0.3694.</summary>
    [Fact]
    public void Zero_inflated_Poisson()
    {
        const double Zero = 0.15;
        double Given(int k, double x, double poisson) => (1 - Zero) * poisson + (k == 0 ? Zero : 0);
        var bits = Integral(0, 60, 60_000, x =>
        {
            var (sum, poisson) = (0.0, Math.Exp(-x));
            for (var k = 0; k < 200; poisson *= x / ++k)
            {
                var (given, margin) = (Given(k, x, poisson), Given(k, 0, Math.Pow(2, -k - 1)));
                sum += given > 0 ? given * Math.Log2(given / margin) : 0;
            }

            return Math.Exp(-x) * sum;
        });
        Check("15", bits, 5e-5);
    }

    [Theory]
    [InlineData("2", .5)]
    [InlineData("3", .75)]
    [InlineData("5", .99)]
    public void Normal_pairs(string id, double correlation)
    {
        // x = (u + v) / sqrt 2 and y = (u - v) / sqrt 2 in the principal directions, where the density is a product.
        var (a, b) = (Math.Sqrt(1 + correlation), Math.Sqrt(1 - correlation));
        var bits = Plane(9, 900, (s, t) =>
        {
            var (x, y) = ((a * s + b * t) / Math.Sqrt(2), (a * s - b * t) / Math.Sqrt(2));
            var log = -(s * s + t * t) / 2 - Math.Log(a * b) + (x * x + y * y) / 2;
            return Math.Exp(-(s * s + t * t) / 2) / (2 * Math.PI) * log / Math.Log(2);
        });
        Check(id, bits, 1e-6);
    }

    [Fact]
    public void The_mixture_of_two_slopes()
    {
        const double Slope = .9;
        double Normal(double x, double y, double slope) =>
            Math.Exp(-(x * x - 2 * slope * x * y + y * y) / (2 * (1 - slope * slope))) / (2 * Math.PI * Math.Sqrt(1 - slope * slope));
        Check("16", Plane(9, 1800, (x, y) =>
        {
            var joint = (Normal(x, y, Slope) + Normal(x, y, -Slope)) / 2;
            return joint > 0 ? joint * Math.Log2(joint / Normal(x, y, 0)) : 0;
        }), 1e-3); // the truth was found by Monte Carlo, +- 0.0005
    }

    /// <summary>Cauchy margins by x = tan u; the formula that two columns a side come from is the same function of the columns.</summary>
    [Fact]
    public void Student_pairs()
    {
        var bits = 0.0;
        const int Steps = 3000;
        for (var i = 0; i < Steps; i++)
        {
            for (var j = 0; j < Steps; j++)
            {
                double x = Math.Tan(Math.PI * ((i + 0.5) / Steps - 0.5)), y = Math.Tan(Math.PI * ((j + 0.5) / Steps - 0.5));
                var ratio = Math.PI / 2 * (1 + x * x) * (1 + y * y) / Math.Pow(1 + x * x + y * y, 1.5);
                bits += ratio * Math.Log2(ratio) / Steps / Steps;
            }
        }

        Check("12", bits, 3e-3); // the midpoints miss a little in the corners
        Check("12", Student(1, 1), 5e-5);
        Check("13", Student(2, 2), 5e-5);
    }

    [Theory]
    [InlineData("10", .1)]
    [InlineData("11", .75)]
    public void Additive_noise(string id, double noise)
    {
        var density = new Func<double, double>(y => Math.Max(0, Math.Min(1, y + noise) - Math.Max(0, y - noise)) / (2 * noise));
        Check(id, Integral(-noise, 1 + noise, 200_000, y => Surprise(density(y))) - Math.Log2(2 * noise), 5e-5);
    }

    [Fact]
    // heights 0.1 at both ends, 0.2 between
    public void Discrete_in_uniform() => Check("14", 0.2 * Math.Log2(10) + 0.8 * Math.Log2(5) - 1, 5e-5);

    [Fact]
    public void Channels()
    {
        double Line(double[] levels, double noise) => Integral(-9, 9, 40_000, y => Surprise(levels.Average(level => Bell(y, level, noise))))
            - Math.Log2(noise * Math.Sqrt(2 * Math.PI * Math.E));
        Check("18", Line([-1, 1], 1), 5e-5);
        Check("19", 2 * Line([-3, -1, 1, 3], .5), 5e-5);
        var points = Enumerable.Range(0, 8).Select(k => (X: Math.Cos(k * Math.PI / 4), Y: Math.Sin(k * Math.PI / 4))).ToArray();
        Check("17", Plane(4, 1000, (x, y) => Surprise(points.Average(point => Bell(x, point.X, .3) * Bell(y, point.Y, .3)))) - 2
            * Math.Log2(.3 * Math.Sqrt(2 * Math.PI * Math.E)), 5e-5);
    }

    [Fact]
    public void Tables()
    {
        Check("20a", Table([[.445, .055], [.055, .445]]), 5e-5);
        Check("20b", Table([[.35, 0, .15], [0, .35, .15]]), 5e-5);
        Check("20c", Table([[.5, 0], [.25, .25]]), 5e-5);
        Check("21", Table([.. Enumerable.Range(0, 26)
            .Select(i => Enumerable.Range(0, 26).Select(j => j == i || j == (i + 1) % 26 ? 1 / 52.0 : 0).ToArray())]), 5e-5);
        Check("28", Table([.. Enumerable.Range(0, 25).Select(i => Enumerable.Range(0, 25).Select(j => j == i ? 0 : 1 / 600.0).ToArray())]),
            5e-5);
        var sum = Enumerable.Range(1, 100).Sum(k => 1.0 / k);
        Check("25", Enumerable.Range(1, 100).Sum(k => Surprise(1 / (k * sum))), 5e-5);
    }

    /// <summary>lnGamma(x/2) - x/2 psi(x/2) at 1, 1 + m + n, 1 + m and 1 + n: entropies of Student's distributions by their
    /// formula.</summary>
    private static double Student(int m, int n)
    {
        double F(double x) => LogGamma(x / 2) - x / 2 * Psi(x / 2);
        return (F(1) + F(1 + m + n) - F(1 + m) - F(1 + n)) / Math.Log(2);
    }

    private static double LogGamma(double x)
    {
        var shift = 0.0;
        for (; x < 20; x++)
            shift -= Math.Log(x);
        return shift + (x - 0.5) * Math.Log(x) - x + 0.5 * Math.Log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x * x * x);
    }

    private static double Psi(double x) => (LogGamma(x + 1e-5) - LogGamma(x - 1e-5)) / 2e-5;

    private static double Table(double[][] joint) =>
        joint.SelectMany((row, i) => row.Select((p, j) => p > 0 ? p * Math.Log2(p / (row.Sum() * joint.Sum(other => other[j]))) : 0)).Sum();

    private static double Bell(double x, double mean, double deviation) =>
        Math.Exp(-Math.Pow((x - mean) / deviation, 2) / 2) / (deviation * Math.Sqrt(2 * Math.PI));

    private static double Surprise(double density) => density > 0 ? -density * Math.Log2(density) : 0;

    /// <summary>Simpson's rule.</summary>
    private static double Integral(double from, double to, int steps, Func<double, double> f)
    {
        var (width, sum) = ((to - from) / steps, f(from) + f(to));
        for (var i = 1; i < steps; i++)
            sum += (i % 2 == 1 ? 4 : 2) * f(from + i * width);
        return sum * width / 3;
    }

    private static double Plane(double half, int steps, Func<double, double, double> f) =>
        Integral(-half, half, steps, x => Integral(-half, half, steps, y => f(x, y)));

    private static void Check(string id, double bits, double tolerance) =>
        Assert.Equal(KnownMiCases.All.Single(known => known.Id == id).TrueBits, bits, tolerance);
}
