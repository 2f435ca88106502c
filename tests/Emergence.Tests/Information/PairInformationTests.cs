using Emergence.Information;
using Emergence.Information.KnownMi;

namespace Emergence.Tests.Information;

public sealed class PairInformationTests
{
    /// <summary>
    /// 100 samples: a 95 % interval that covers as it says misses 5, and more than 14 with a chance below 1e-3.
    /// </summary>
    [Theory]
    [InlineData("2", "gaussian", 500)]
    [InlineData("3", "gaussian", 500)]
    [InlineData("3", "ksg", 500)]
    [InlineData("11", "ksg", 500)]
    [InlineData("20b", "grassberger", 1000)]
    [InlineData("20b", "exact", 1000)]
    public void Intervals_cover_what_is_known(string id, string estimator, int rows)
    {
        var known = KnownMiCases.All.Single(known => known.Id == id);
        using var device = Cells.Open("reference");
        var missed = 0;
        for (var seed = 1ul; seed <= 100; seed++)
        {
            var joint = known.Sample(rows, seed).ToClasses();
            var result = PairInformation.Of(joint, [Cells.Estimate(device, Cells.Request(estimator, joint))]);
            missed += known.TrueBits < result.Low || known.TrueBits > result.High ? 1 : 0;
        }

        Assert.InRange(missed, 0, 14);
    }

    [Fact]
    public void No_number_is_offered_where_the_information_is_infinite()
    {
        var joint = KnownMiCases.All.Single(known => known.Id == "30").Sample(500, 1).ToClasses();
        using var device = Cells.Open("reference");
        var result = PairInformation.Of(joint, [Cells.Estimate(device, Cells.Request("mixed-ksg", joint))]);
        Assert.Equal(Verdict.AtCeiling, result.Verdict);
        Assert.True(double.IsNaN(result.MiBits) && double.IsNaN(result.Low) && double.IsNaN(result.High));
    }
}
