using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.KnownMi;
using Emergence.Information.Neighbours;
using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

/// <summary>What parts of the rows tell: held against values whose error and bias are known.</summary>
public sealed class PartedValueTests
{
    private const int Rows = 4000;

    /// <summary>A mean of N independent values has SD / sqrt(N) and no bias; twelve degrees of freedom stray by a fifth.</summary>
    [Fact]
    public void The_error_of_a_mean_is_that_of_a_mean()
    {
        var found = Enumerable.Range(1, 40).Select(seed =>
        {
            var random = new RandomSequence((ulong)seed, 1, RandomStream.Samplers);
            double[] values = [.. Enumerable.Range(0, Rows).Select(_ => 3 * random.NextNormal())];
            return PartedValue.Of(values.Average(), Rows, 0, PartedValue.RateOfEdge, chosen => chosen.Average(row => values[row]));
        }).ToList();
        var error = 3 / Math.Sqrt(Rows);
        Assert.InRange(found.Average(parted => parted.QuarterError), 0.9 * error, 1.1 * error);
        Assert.InRange(found.Average(parted => parted.Error), 1.0 * error, 1.25 * error);

        // All of the rows and the mean of their parts are the same mean: what may be left beside is a share of its error, to either side.
        Assert.InRange(found.Average(parted => parted.Bias.High), 0.3 * error, 0.7 * error);
        Assert.All(found, parted => Assert.Equal(-parted.Bias.Low, parted.Bias.High, 12));
    }

    /// <summary>A bias of c / N^rate is found where hardly anything is random, and to the side on which it is.</summary>
    [Theory]
    [InlineData(2, PartedValue.RateOfEdge)]
    [InlineData(-2, PartedValue.RateOfEdge)]
    [InlineData(30, PartedValue.RateOfThinEdge)]
    [InlineData(1, 0.25)]
    public void A_bias_is_found_on_its_side(double c, double rate)
    {
        double Missing(int rows) => c / Math.Pow(rows, rate);
        var (parts, stray) = (0, 1e-4);
        var parted = PartedValue.Of(1 - Missing(Rows), Rows, 0, rate,
            chosen => 1 - Missing(chosen.Length) + (parts++ % 2 == 0 ? stray : -stray));
        Assert.InRange(parted.Error, 0.3 * stray, stray);
        Assert.Equal(Math.Min(0, Missing(Rows)), parted.Bias.Low, 3);
        Assert.Equal(Math.Max(0, Missing(Rows)), parted.Bias.High, 3);
        Assert.Equal(1 - Missing(Rows / 4), parted.Quarter, 9);
    }

    /// <summary>Quarters lie above the whole and tenths below it: no rate tells on which side the bias is.</summary>
    [Fact]
    public void A_bias_that_turns_may_lie_on_either_side()
    {
        var bias = PartedValue.Of(0, Rows, 0, PartedValue.RateOfEdge, chosen => chosen.Length > Rows / 5 ? 0.1 : -0.1).Bias;
        Assert.Equal(0.1 / (Math.Sqrt(10) - 1), bias.High, 9);
        Assert.Equal(-bias.High, bias.Low, 9);
    }

    /// <summary>Rows in time order are parted into runs: a slow wave differs between these, and not between rows taken by turns.</summary>
    [Fact]
    public void Rows_in_order_are_parted_into_runs()
    {
        double Wave(int[] chosen) => chosen.Average(row => Math.Sin(2 * Math.PI * row / Rows));
        PartedValue Of(int window) => PartedValue.Of(0, Rows, window, PartedValue.RateOfEdge, Wave);
        var (apart, inRuns) = (Of(0), Of(9));
        Assert.True(inRuns.Error > 10 * apart.Error, $"{inRuns} {apart}");
        Assert.Equal(2, PartedValue.CountOf(100, 10));
        Assert.Equal(0, PartedValue.CountOf(100, 30));
    }

    /// <summary>
    /// Of 150 intervals of 95 % none or more than 15 miss with a chance below 1 in 100; of values without a bias they would be 2 x 1.96 SD
    /// wide, and are not twice as wide for what is left of it.
    /// </summary>
    [Fact]
    public void Intervals_of_neighbours_hold_as_often_as_they_say()
    {
        string[] families = ["normal .3", "normal .75", "wiggly .75", "staircase 5", "zero-inflated Poisson"];
        var missed = 0;
        foreach (var family in PairFamilies.All.Where(family => families.Contains(family.Name)))
        {
            var results = Enumerable.Range(0, 30).Select(seed => family.Sample(600, (ulong)(7000 + seed)))
                .Select(joint => PairInformation.OfTable(EstimatorTable.Find("mixed-ksg"), joint, 0)).ToList();
            missed += results.Count(result => family.TrueBits < result.Low || family.TrueBits > result.High);
            var spread = StandardDeviation.Of([.. results.Select(result => result.MiBits)]);
            Assert.InRange(results.Average(result => result.High - result.Low), 3 * spread, 8 * spread);
        }

        Assert.InRange(missed, 1, 15);
    }
}
