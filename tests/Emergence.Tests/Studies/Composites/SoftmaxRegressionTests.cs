using Emergence.Studies.Composites;

namespace Emergence.Tests.Studies.Composites;

public sealed class SoftmaxRegressionTests
{
    /// <summary>Minima found by scipy's L-BFGS-B to a gradient below 3e-9, on features standardised by numpy.</summary>
    [Theory]
    [InlineData(60, 7, 4, 1e-3, 0.6735730108972264, -0.6338501829)]
    [InlineData(60, 7, 4, 1e-1, 0.6780496400656427, -0.6594516205)]
    [InlineData(40, 90, 10, 1e-2, 0.013239941819022986, double.NaN)]
    [InlineData(33, 3, 10, 1e-3, 0.07998879597727383, double.NaN)]
    public void The_loss_is_that_of_an_independent_solver(int n, int p, int classes, double l2, double loss, double logProbability)
    {
        var rows = Enumerable.Range(0, n).Select(i => Enumerable.Range(0, p)
            .Select(j => Math.Sin(1.3 * i + 0.7 * j * (i % 5) + 0.05 * j * j)).ToArray()).ToArray();
        int[] labels = [.. Enumerable.Range(0, n).Select(i => (i * i + 3 * i) % classes)];

        var head = SoftmaxRegression.Fit(rows, labels, classes, l2);

        Assert.InRange(head.Loss - loss, -1e-9, 1e-8); // proven to 1e-9 but for the free biases
        if (!double.IsNaN(logProbability))
            Assert.Equal(logProbability, head.LogProbabilities(rows)[3][2], 1e-3);
    }

    [Fact]
    public void A_constant_column_says_nothing()
    {
        double[][] rows = [[1, 7, 0], [2, 7, 1], [3, 7, 0], [4, 7, 1]];
        double[][] without = [.. rows.Select(row => new[] { row[0], row[2] })];

        var (all, fewer) = (SoftmaxRegression.Fit(rows, [0, 0, 1, 1], 2, 0.01), SoftmaxRegression.Fit(without, [0, 0, 1, 1], 2, 0.01));

        Assert.Equal(fewer.Loss, all.Loss, 1e-8);
    }
}
