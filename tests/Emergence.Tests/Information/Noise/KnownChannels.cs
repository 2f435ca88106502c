using Emergence.Information.Exact;

namespace Emergence.Tests.Information.Noise;

/// <summary>Classes whose information after isotropic noise is an integral that quadrature finds, without any draw.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Side">The classes.</param>
/// <param name="Bits">By sigma.</param>
internal sealed record KnownChannel(string Name, RowClasses Side, Func<double, double> Bits)
{
    public static IEnumerable<KnownChannel> All =>
        [TwoClasses(1, 1, 7), TwoClasses(1, 4, 3), Orthogonal(12), Line([-2, -1, 0.5f, 3], [1, 3, 2, 2])];

    /// <summary>Two states in any number of columns: the log ratio of their densities is normal.</summary>
    public static KnownChannel TwoClasses(double first, double second, int columns)
    {
        var rows = Cells.Vectors(2, columns, 60);
        var p = first / (first + second);

        // The distance is D, the root mean square of the centred columns D sqrt(p q / d).
        return new($"two classes, {first} to {second}, of {columns} columns", new(rows, columns, [first, second]), sigma =>
        {
            var r = Math.Sqrt(columns / (p * (1 - p))) / sigma;
            return -p * Expected(z => Math.Log2(p + (1 - p) * Math.Exp(r * z - r * r / 2)))
                - (1 - p) * Expected(z => Math.Log2(1 - p + p * Math.Exp(r * z - r * r / 2)));
        });
    }

    /// <summary>
    /// K states at right angles, each a column of its own: with ln(1 + x) = int (e^-t - e^-t(1+x)) / t dt the K - 1 others are
    /// independent given the noise along the own column, and one integral of each kind is left.
    /// </summary>
    public static KnownChannel Orthogonal(int classes)
    {
        var rows = new float[classes * classes];
        for (var k = 0; k < classes; k++)
            rows[k * classes + k] = 3;
        return new($"{classes} orthogonal classes", new(rows, classes, [.. Enumerable.Repeat(1.0, classes)]), sigma =>
        {
            var size = Math.Sqrt(classes) / Math.Sqrt(1 - 1.0 / classes) / sigma; // 3 over sigma times the root mean square
            const double Step = 0.05;
            var transform = new Dictionary<int, double>();
            double Others(double logS)
            {
                // E exp(-s e^(A g)) on a grid of log s, between whose points it is nearly straight.
                var (index, part) = ((int)Math.Floor(logS / Step), logS / Step - Math.Floor(logS / Step));
                return (1 - part) * At(index) + part * At(index + 1);

                double At(int i) => transform.TryGetValue(i, out var known) ? known
                    : transform[i] = Expected(g => Math.Exp(-Math.Exp(i * Step + size * g)));
            }

            return Math.Log2(classes) - Expected(own =>
            {
                var sum = 0.0;
                for (var logT = -40.0; logT < 5; logT += Step)
                    sum += Step * Math.Exp(-Math.Exp(logT)) * (1 - Math.Pow(Others(logT - size * size - size * own), classes - 1));
                return sum / Math.Log(2);
            }, 0.05);
        });
    }

    /// <summary>A normal mixture on a line.</summary>
    public static KnownChannel Line(float[] points, double[] counts)
    {
        var total = counts.Sum();
        var mean = points.Zip(counts, (point, count) => point * count / total).Sum();
        var deviation = Math.Sqrt(points.Zip(counts, (point, count) => (point - mean) * (point - mean) * count / total).Sum());
        return new($"{points.Length} points on a line", new(points, 1, counts), sigma =>
        {
            var (s, bits) = (sigma * deviation, 0.0);
            foreach (var (point, count) in points.Zip(counts))
                bits -= count / total * Expected(z => Math.Log2(points.Zip(counts, (other, weight) =>
                    weight / total * Math.Exp((z * z - Math.Pow(z + (point - other) / s, 2)) / 2)).Sum()));
            return bits;
        });
    }

    /// <summary>Mean of f over a standard normal, by the trapezoid rule.</summary>
    private static double Expected(Func<double, double> f, double step = 0.01)
    {
        var sum = 0.0;
        for (var z = -9.0; z <= 9; z += step)
            sum += step * Math.Exp(-z * z / 2) * f(z);
        return sum / Math.Sqrt(2 * Math.PI);
    }
}
