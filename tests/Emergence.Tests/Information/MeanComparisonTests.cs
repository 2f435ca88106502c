using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

public sealed class MeanComparisonTests
{
    /// <summary>Regularised incomplete beta function with 30 digits (mpmath 1.3).</summary>
    [Theory]
    [InlineData(1, 1, 0.5)]
    [InlineData(-2.5, 2, 0.1296117202215108)]
    [InlineData(0.3, 7, 0.7728900504021343)]
    [InlineData(4.2, 12, 0.001231900227122746)]
    [InlineData(10, 30, 4.575251408229613e-11)]
    [InlineData(0, 5, 1)]
    [InlineData(double.PositiveInfinity, 4, 0)]
    public void Tails_of_students_t(double t, int degrees, double expected) =>
        Assert.Equal(expected, SpecialFunctions.StudentOutside(t, degrees), 1e-14);

    [Fact]
    public void A_paired_test_by_hand()
    {
        // differences 1, 2, 3, 4: mean 5/2, variance 5/3, error sqrt(5/12), t = sqrt 15
        var test = PairedTest.Of([3, 5, 4, 9], [2, 3, 1, 5]);

        Assert.Equal(2.5, test.Difference, 1e-15);
        Assert.Equal(Math.Sqrt(15), test.T, 1e-12);
        Assert.Equal(3, test.Degrees);
        Assert.Equal(0.030466291662171, test.P, 1e-12);
        var other = PairedTest.Of([2, 3, 1, 5], [3, 5, 4, 9]);
        Assert.Equal((-test.Difference, -test.T, test.P), (other.Difference, other.T, other.P));
    }

    [Fact]
    public void Equal_differences_are_certain_and_none_are_nothing()
    {
        Assert.Equal(0, PairedTest.Of([2, 3], [1, 2]).P);
        Assert.Equal(1, PairedTest.Of([2, 3], [2, 3]).P);
        Assert.Throws<ArgumentException>(() => PairedTest.Of([1], [2]));
    }

    [Fact]
    public void A_correlation_by_hand()
    {
        // products of deviations 4 + 2 + 0 + 0 + 4 = 8 (x about 3, y about 3), squares 10 and 10
        var found = LinearCorrelation.Of([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]);

        Assert.Equal(0.8, found.R, 1e-14);
        Assert.Equal(0.104088038661828, found.P, 1e-12);
        Assert.Equal(-0.279640041969355, found.Low, 1e-12);
        Assert.Equal(0.986196193301271, found.High, 1e-12);
    }

    [Fact]
    public void What_does_not_vary_correlates_with_nothing() =>
        Assert.True(double.IsNaN(LinearCorrelation.Of([1, 1, 1], [1, 2, 3]).R));
}
