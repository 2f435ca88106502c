using Emergence.Devices;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.KnownMi;
using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

/// <summary>Estimators without networks on every case whose mutual information is known.</summary>
public sealed class KnownMiTests
{
    private const ulong Seed = 4;

    private static readonly string[] FormulaEstimators = ["exact", "grassberger", "ksg", "mixed-ksg", "gaussian"];

    public static TheoryData<string, string> Expectations()
    {
        var data = new TheoryData<string, string>();
        foreach (var known in KnownMiCases.All)
        {
            foreach (var expectation in known.Expectations.Where(expectation => FormulaEstimators.Contains(expectation.Estimator)))
                data.Add(known.Id, expectation.Estimator);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Expectations))]
    public void Formula_estimators_do_as_documented(string id, string estimator)
    {
        var known = KnownMiCases.All.Single(known => known.Id == id);
        var expectation = known.Expectations.Single(expectation => expectation.Estimator == estimator);

        // Neighbours in 64 columns and more a side are found by comparing all rows, minutes for 10,000. The value is near 0, and of 3,000
        // rows its standard error is 0.012, a quarter of what is allowed.
        var rows = estimator == "ksg" && id is "1" or "7" ? 3_000 : KnownMiCases.Rows;
        var result = Estimate(known.Sample(rows, Seed).ToClasses(), estimator);
        if (expectation.MustRefuse)
            Assert.Contains("cannot work here", result.Failure, StringComparison.Ordinal);
        else if (expectation.HasNoNumber)
            Assert.True(expectation.IsMet(result.MiBits, result.Verdict), $"{result.MiBits} bits, {result.Verdict}");
        else
            Assert.InRange(result.MiBits, expectation.Low, expectation.High);
    }

    /// <summary>What is called a failure must be one: the truth lies outside what is expected.</summary>
    [Fact]
    public void Documented_failures_miss_the_truth()
    {
        var failures = KnownMiCases.All.SelectMany(known =>
            known.Expectations.Where(expectation => expectation.IsFailure).Select(expectation => (known, expectation))).ToList();
        Assert.Equal(["4 gaussian", "7 ksg", "8 ksg", "13 gaussian", "23 paper", "24 paper"],
            failures.Select(failure => $"{failure.known.Id} {failure.expectation.Estimator}"));
        Assert.All(failures, failure =>
            Assert.False(failure.expectation.Low < failure.known.TrueBits && failure.known.TrueBits < failure.expectation.High));
    }

    [Fact]
    public void All_32_cases_are_here() =>
        Assert.Equal(Enumerable.Range(1, 32), KnownMiCases.All.Select(known =>
            int.Parse(new string([.. known.Id.TakeWhile(char.IsDigit)]), System.Globalization.CultureInfo.InvariantCulture)).Distinct());

    /// <summary>More to see never holds less, copies add up, and a cube hides nothing: relations, whatever the single values.</summary>
    [Fact]
    public void Estimates_are_consistent_with_each_other()
    {
        double Of(string id, string estimator) =>
            Estimate(KnownMiCases.All.Single(known => known.Id == id).Sample(KnownMiCases.Rows, Seed).ToClasses(), estimator).MiBits;
        foreach (var estimator in new[] { "gaussian", "ksg" })
        {
            var one = Of("32a", estimator);
            Assert.True(Of("32b", estimator) > one, estimator);
            Assert.Equal(2 * one, Of("32c", estimator), 0.15 * 2 * one);
        }

        Assert.Equal(Of("3", "ksg"), Of("4", "ksg"), 0.05);
    }

    /// <summary>The cases that stand for the rest here; the others are checked by the command calibrate.</summary>
    [Theory]
    [InlineData("1", "mine-ema")]
    [InlineData("3", "mine-ema")]
    [InlineData("8", "mine-ema")]
    [InlineData("17", "mine-ema")]
    [InlineData("23", "mine-ema")]
    [InlineData("23", "s-mine")]
    [InlineData("24", "s-mine")]
    public void Networks_do_as_documented(string id, string estimator)
    {
        var known = KnownMiCases.All.Single(known => known.Id == id);
        var expectation = known.Expectations.Single(expectation => expectation.Estimator == estimator);
        var result = Estimate(known.Sample(KnownMiCases.Rows, Seed).ToClasses(), estimator);
        Assert.InRange(result.MiBits, expectation.Low, expectation.High);
        Assert.NotEqual(Verdict.Failed, result.Verdict);
        if (estimator == "s-mine")
            Assert.InRange(result.MiBits, result.ExactBits - 0.02, result.ExactBits + 1e-4);
    }

    [Theory]
    [InlineData("3", "ksg", "ok")]
    [InlineData("3", "gaussian", "ok")]
    [InlineData("8", "ksg", "unreliable")]
    [InlineData("8", "gaussian", "ok")]
    [InlineData("23", "mixed-ksg", "ok")]
    [InlineData("23", "ksg", "failed")]
    [InlineData("29", "exact", "at ceiling")]
    [InlineData("30", "exact", "at ceiling")]
    [InlineData("30", "ksg", "at ceiling")]
    [InlineData("30", "gaussian", "failed")]
    public void Verdicts_fit_what_is_known(string id, string estimator, string verdict)
    {
        var result = Estimate(KnownMiCases.All.Single(known => known.Id == id).Sample(2_000, Seed).ToClasses(), estimator);
        Assert.Equal(verdict, result.Verdict.Word());
        if (id == "30" && estimator == "ksg")
            Assert.False(double.IsFinite(result.MiBits));
    }

    /// <summary>y = exp(x / 2) has no linear trace of being a function; the value at the limit of what N rows resolve tells.</summary>
    [Fact]
    public void A_monotone_map_is_at_the_ceiling()
    {
        var sample = KnownMiCases.All.Single(known => known.Id == "3").Sample(2_000, Seed);
        var result = Estimate((sample with { Y = Array.ConvertAll(sample.X, x => Math.Exp(x / 2)) }).ToClasses(), "ksg");
        Assert.Equal(Verdict.AtCeiling, result.Verdict);
    }

    /// <summary>
    /// A discrete value in uniform noise: beside the SD that the values of 60 samples have, an interval of 95 % reaches 1.96 SD
    /// and the bias of half an SD, to each side; Student's distribution of 12 degrees and the noise of both make it 3.5 at most.
    /// 60 intervals of 95 % miss more than 9 times with a chance below 1e-3.
    /// </summary>
    [Fact]
    public void An_interval_beside_a_discrete_side_is_as_wide_as_its_values_spread()
    {
        var known = KnownMiCases.All.Single(known => known.Id == "14");
        var found = Enumerable.Range(2000, 60).Select(seed => Estimate(known.Sample(1_000, (ulong)seed).ToClasses(), "mixed-ksg")).ToList();
        var spread = StandardDeviation.Of([.. found.Select(result => result.MiBits)]);
        Assert.InRange(found.Average(result => 1.96 * result.SamplingErrorBits), 1.96 * spread, 3.5 * spread);
        Assert.InRange(found.Count(result => Math.Abs(result.MiBits - known.TrueBits) > 1.96 * result.SamplingErrorBits), 0, 9);
    }

    private static MutualInformation Estimate(JointClasses joint, string estimator)
    {
        var request = new EstimationRequest(EstimatorTable.Find(estimator), joint, CriticPreset.Small, Seed, 0);
        using var device = DeviceTable.Create("cpu", new());
        using var batch = new EstimationBatch(device, 1);
        MutualInformation? found = null;
        batch.Run([request], (_, result) => found = result, CancellationToken.None);
        return found!;
    }
}
