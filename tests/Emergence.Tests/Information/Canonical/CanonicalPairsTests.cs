using Emergence.Devices;
using Emergence.Information.Canonical;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information.Canonical;

public class CanonicalPairsTests
{
    /// <summary>
    /// Sides that are mixtures of the same hidden columns with noise of growing strength: each pair's coordinates have the
    /// correlation that is said, none with other pairs, and no pair of random directions has more than the first.
    /// </summary>
    [Fact]
    public void Are_the_most_correlated_directions()
    {
        const int Classes = 400, Columns = 12, Most = 5;
        var joint = Noisy(Classes, Columns);
        var pairs = new CanonicalPairs(joint, Most, DoubleProducts.Alone);
        Assert.Equal(Most, pairs.Count);
        var (x, y) = (pairs.OfX(DoubleProducts.Alone), pairs.OfY(DoubleProducts.Alone));
        for (var i = 0; i < Most; i++)
        {
            for (var j = 0; j < Most; j++)
            {
                var product = joint.Support.Sum(pair => pair.Joint * x[pair.A * Most + i] * y[pair.B * Most + j]);
                Assert.Equal(i == j ? pairs.Correlations[i] : 0, product, 1e-4);
            }
        }

        Assert.Equal(pairs.Correlations.OrderDescending(), pairs.Correlations);
        var (left, right) = (joint.X.Standardise().Values, joint.Y.Standardise().Values);
        for (var c = 0; c < Columns; c++)
            Assert.True(joint.Support.Sum(pair => pair.Joint * left[pair.A * Columns + c] * right[pair.B * Columns + c])
                <= pairs.Correlations[0] + 1e-9);
    }

    /// <summary>Every x with every y: no direction of one says anything of the other.</summary>
    [Fact]
    public void Of_independent_sides_are_not_correlated()
    {
        int[] a = [.. Enumerable.Range(0, 12).Select(i => i / 4)], b = [.. Enumerable.Range(0, 12).Select(i => i % 4)];
        var ones = Enumerable.Repeat(1.0, 12).ToArray();
        var joint = new JointClasses(new(Cells.Gather(Cells.Vectors(3, 5, 6), 5, a), 5, ones),
            new(Cells.Gather(Cells.Vectors(4, 5, 7), 5, b), 5, ones), isEnumeration: true);
        var pairs = new CanonicalPairs(joint, 8, DoubleProducts.Alone);
        Assert.All(pairs.Correlations, r => Assert.InRange(r, 0, 1e-9));
        Assert.All(pairs.OfX(DoubleProducts.Alone), z => Assert.True(float.IsFinite(z)));
        Assert.All(pairs.OfY(DoubleProducts.Alone), z => Assert.True(float.IsFinite(z)));
    }

    [Fact]
    public void Are_the_same_bytes_for_any_number_of_threads()
    {
        float[] Coordinates(HostShare share)
        {
            var joint = Noisy(150, 90);
            var pairs = new CanonicalPairs(joint, 32, share);
            return [.. pairs.OfX(share), .. pairs.OfY(share)];
        }

        Assert.Equal(Coordinates(DoubleProducts.Alone), Coordinates((count, body) => Parallel.For(0, count, body)));
    }

    private static JointClasses Noisy(int classes, int columns)
    {
        var (x, noise) = (Cells.Vectors(classes, columns, 8), Cells.Vectors(classes, columns, 9));
        var y = new float[x.Length];
        for (var i = 0; i < y.Length; i++)
            y[i] = x[i] + x[i / columns * columns] + (i % columns + 1) * 0.2f * noise[i];
        double[] weights = [.. Enumerable.Range(1, classes).Select(k => (double)(1 + k % 3))];
        return new(new(x, columns, weights), new(y, columns, weights), isEnumeration: true);
    }
}
