using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

public class IntervalsTests
{
    /// <summary>Percentiles of Student's t, 0.975, as printed in tables.</summary>
    [Theory]
    [InlineData(1, 12.7062047362)]
    [InlineData(2, 4.3026527297)]
    [InlineData(3, 3.1824463053)]
    [InlineData(4, 2.7764451052)]
    [InlineData(9, 2.2621571628)]
    [InlineData(10, 2.2281388520)]
    [InlineData(29, 2.0452296421)]
    [InlineData(120, 1.9799304051)]
    public void Student_quantiles_equal_the_tables(int degrees, double expected) =>
        Assert.Equal(expected, Intervals.StudentT(degrees), 1e-9);

    [Fact]
    public void Three_seeds_of_an_enumeration()
    {
        // mean 2, SD 1: 4.30265273 / sqrt 3
        var interval = Intervals.OfSeeds([1, 2, 3], 0);
        Assert.Equal((2, 1), (interval.Mean, interval.SdSeeds));
        Assert.Equal(2 - 2.4841377, interval.Low, 1e-6);
        Assert.Equal(2 + 2.4841377, interval.High, 1e-6);
    }

    [Fact]
    public void Sampling_error_adds_in_quadrature()
    {
        Assert.Equal(1.95996398, Intervals.OfSeeds([5, 5], 1).High - 5, 1e-8);
        Assert.Equal(Math.Sqrt(2.4841377 * 2.4841377 + 4 * 1.95996398 * 1.95996398), Intervals.OfSeeds([1, 2, 3], 2).High - 2, 1e-6);
    }

    [Fact]
    public void One_seed_gives_no_bounds()
    {
        var interval = Intervals.OfSeeds([5], 0.1);
        Assert.Equal(5, interval.Mean);
        Assert.True(double.IsNaN(interval.Low) && double.IsNaN(interval.High));
    }

    [Fact]
    public void Sampling_error_counts_repeated_rows()
    {
        // 1, 1, 1, 3: mean 1.5, sum of squares 3, SD 1, N 4
        Assert.Equal(0.5, Intervals.SamplingError([1, 3], [3, 1]), 1e-15);
    }
}
