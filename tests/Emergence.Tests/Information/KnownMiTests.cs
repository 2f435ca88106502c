using Emergence.Devices.Reference;
using Emergence.Information;
using Emergence.Information.KnownMi;

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
        var joint = Classes(known.Sample(KnownMiCases.Rows, Seed));
        if (estimator == "grassberger")
        {
            var corrected = SampleInformation.Estimate(joint).Single(row => row.Name == estimator);
            Assert.InRange(corrected.Bits, expectation.Low, expectation.High);
            return;
        }

        var result = Estimate(joint, estimator);
        if (expectation.MustRefuse)
            Assert.Contains("cannot work here", result.Failure, StringComparison.Ordinal);
        else
            Assert.InRange(result.MiBits, expectation.Low, expectation.High);
    }

    private static JointClasses Classes(PairSample sample)
    {
        var ones = Enumerable.Repeat(1.0, sample.Rows).ToArray();
        var x = new RowClasses(Array.ConvertAll(sample.X, value => (float)value), sample.XColumns, ones);
        var y = new RowClasses(Array.ConvertAll(sample.Y, value => (float)value), sample.YColumns, ones);
        return new(x, y, isEnumeration: false);
    }

    private static MutualInformation Estimate(JointClasses joint, string estimator)
    {
        var request = new EstimationRequest(EstimatorTable.Find(estimator), joint, CriticPreset.Small, Seed, 0);
        using var device = new ReferenceDevice();
        using var batch = new EstimationBatch(device, 1);
        MutualInformation? found = null;
        batch.Run([request], (_, result) => found = result, CancellationToken.None);
        return found!;
    }
}
