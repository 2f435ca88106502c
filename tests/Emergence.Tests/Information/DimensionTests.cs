using Emergence.Information;
using Emergence.Information.KnownMi;
using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

/// <summary>What neighbours say in several columns, where they read low and few rows do not show it.</summary>
public sealed class DimensionTests
{
    /// <summary>L-kurtosis of the uniform, the normal and the logistic distribution (Hosking 1990), from their quantiles.</summary>
    [Fact]
    public void Tails_weigh_what_is_known_of_their_distribution()
    {
        double[] places = [.. Enumerable.Range(0, 20000).Select(place => (place + 0.5) / 20000)];
        Assert.Equal(0, TailWeight.Of(places), 3);
        Assert.Equal(1 / 6.0, TailWeight.Of([.. places.Select(p => Math.Log(p / (1 - p)))]), 2);
        Assert.Equal(1 / 6.0, TailWeight.Of([.. places.Select(p => 7 - 3 * Math.Log(p / (1 - p)))]), 2);
        Assert.Equal(0, TailWeight.Of([4, 4, 4, 4, 4]));
    }

    /// <summary>Truth 0.16; neighbours read a half of that, whether or not a sample holds one of the largest values.</summary>
    [Fact]
    public void Long_tails_in_several_columns_are_never_ok() => Assert.All(Enumerable.Range(0, 8), seed =>
        Assert.Equal(Verdict.Unreliable, Judge("Student 3, 2+2", 1000, seed).Verdict));

    /// <summary>Of 300 rows in six dimensions quarters tell nothing: 0.5 of 1.47 bits looked settled in a quarter of samples.</summary>
    [Fact]
    public void Few_rows_in_many_dimensions_are_never_ok() => Assert.All(Enumerable.Range(0, 8), seed =>
        Assert.Equal(Verdict.Unreliable, Judge("spiral 3+3", 300, seed).Verdict));

    /// <summary>Ten columns of 1,000 rows read low by 0.09, and the interval says so where the value is ok.</summary>
    [Fact]
    public void The_bias_of_many_dimensions_is_inside_the_interval()
    {
        var settled = Enumerable.Range(0, 10).Select(seed => Judge("dense 5+5", 1000, seed)).Where(result => result.Verdict == Verdict.Ok)
            .ToList();
        Assert.NotEmpty(settled);
        Assert.InRange(settled.Count(result => result.Low <= .8552 && .8552 <= result.High), settled.Count - 1, settled.Count);
    }

    private static PairInformation Judge(string family, int rows, int seed)
    {
        var joint = PairFamilies.All.Single(known => known.Name == family).Sample(rows, (ulong)(400 + seed));
        return new PairEvidence(joint, 0).Judge(PairInformation.OfTable(EstimatorTable.Find("mixed-ksg"), joint, 0));
    }
}
