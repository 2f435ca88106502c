using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Exact;
using Emergence.Information.KnownMi;
using Emergence.Information.Statistics;

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

    /// <summary>Independent rows: estimates scatter about 0, none is printed below it, and none beside an interval without it.</summary>
    [Theory]
    [InlineData("gaussian")]
    [InlineData("ksg")]
    [InlineData("mixed-ksg")]
    public void A_value_lies_in_its_interval(string estimator)
    {
        using var device = Cells.Open("reference");
        var below = 0;
        for (var seed = 1ul; seed <= 20; seed++)
        {
            var joint = PairFamilies.All.Single(family => family.Name == "independent").Sample(150, seed);
            var raw = Cells.Estimate(device, Cells.Request(estimator, joint));
            below += raw.MiBits < 0 ? 1 : 0;
            var given = new SideColumn[] { SideColumn.Of("z", [.. Enumerable.Range(0, 150).Select(row => Math.Sin(row * row))]) };
            var other = estimator == "mixed-ksg" ? "grassberger" : estimator;
            var plain = PairInformation.Of(joint, [raw]);
            var conditional = ConditionalInformation.Estimate(other, joint.X.Table!, joint.Y.Table!, given, 0);
            foreach (var result in new[] { plain, new PairEvidence(joint, 0).Judge(plain), conditional })
            {
                Assert.InRange(result.MiBits, 0, Math.Log2(150));
                Assert.InRange(result.MiBits, result.Low, result.High);
            }
        }

        Assert.InRange(below, 1, 20);
    }

    /// <summary>Three seeds on 60 samples of 25 classes: more than 9 misses have a chance below 1e-3.</summary>
    [Fact]
    public void Intervals_of_s_mine_cover_the_source()
    {
        var known = KnownMiCases.All.Single(known => known.Id == "23");
        using var device = Cells.Open("cpu");
        var missed = 0;
        for (var sample = 1ul; sample <= 60; sample++)
        {
            var joint = known.Sample(1000, sample).ToClasses();
            var seeds = Enumerable.Range(0, 3).Select(seed => Cells.Request("s-mine", joint, seed: 3 * sample + (ulong)seed)).ToArray();
            var result = PairInformation.Of(joint, Cells.Estimate(device, 3, seeds));
            missed += known.TrueBits < result.Low || known.TrueBits > result.High ? 1 : 0;
        }

        Assert.InRange(missed, 0, 9);
    }

    /// <summary>
    /// SD of I over 400 samples of 500 rows beside the error each sample claims: with uniform classes, where log2 p/(uv) of
    /// the source does not vary and the error of first order is nothing but chance, and with Zipf's.
    /// </summary>
    [Theory]
    [InlineData(25, 0, 0.9, 1.5)]
    [InlineData(25, 1, 0.85, 1.15)]
    public void The_error_is_the_spread_over_samples(int classes, int exponent, double least, double most)
    {
        var random = new RandomSequence(9, (uint)exponent, RandomStream.Samplers);
        var table = new AliasTable([.. Enumerable.Range(1, classes).Select(k => Math.Pow(k, -exponent))]);
        var (values, claimed) = (new List<double>(), 0.0);
        for (var sample = 0; sample < 400; sample++)
        {
            var counts = new double[classes];
            for (var row = 0; row < 500; row++)
                counts[table.Draw(random.NextWord(), random.NextWord())]++;
            var seen = Enumerable.Range(0, classes).Where(k => counts[k] > 0).ToArray();
            var side = new RowClasses([.. seen.Select(k => (float)k)], 1, [.. seen.Select(k => counts[k])]);
            var joint = new JointClasses(side, side, isEnumeration: false);
            values.Add(joint.Bits);
            claimed += joint.SourceErrorBits / 400;
        }

        Assert.InRange(claimed / StandardDeviation.Of(values), least, most);
    }

    /// <summary>What the rows themselves hold says nothing about the value of a noisy channel.</summary>
    [Fact]
    public void The_interval_of_a_noisy_channel_is_its_own()
    {
        var joint = Cells.Mixed([.. Enumerable.Range(0, 600)]);
        using var device = Cells.Open("reference");
        var seeds = Enumerable.Range(1, 3).Select(seed => Cells.Estimate(device, Cells.Request("noisy-channel", joint, seed: (ulong)seed)))
            .ToList();
        var result = PairInformation.Of(joint, seeds);
        Assert.InRange(result.MiBits, 0.5, joint.Bits - 0.3);
        Assert.InRange(result.High, result.MiBits, result.MiBits + 0.2);
        Assert.Equal(Verdict.Ok, result.Verdict);
    }

    /// <summary>Twenty of 200 rows judge a critic.</summary>
    [Theory]
    [InlineData(200, Verdict.Unreliable)]
    [InlineData(600, Verdict.Ok)]
    public void Few_rows_judge_no_critic(int rows, Verdict expected)
    {
        var joint = KnownMiCases.NormalPairs(1, 0.5).Sample(rows, 1).ToClasses();
        using var device = Cells.Open("cpu");
        Assert.Equal(expected, Cells.Estimate(device, Cells.Request("infonce", joint)).Verdict);
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
