using Emergence.Information;
using Emergence.Information.Critics;

namespace Emergence.Tests.Information;

public sealed class SelfConsistencyTests
{
    private static readonly string[] Tests = ["independence", "data processing", "nothing added", "additivity", "symmetry", "invariance"];

    /// <summary>Counting obeys every relation to the last bits; 64 of 100 vectors are taken: 6 bits, 5 after merging.</summary>
    [Fact]
    public void Counting_obeys_every_relation()
    {
        using var device = Cells.Open("reference");
        var checks = SelfConsistency.Check(device, EstimatorTable.Find("exact"), Cells.Bijection(100, 8), CriticPreset.Small, [1], 0,
            CancellationToken.None);
        Assert.Equal(Tests, checks.Select(check => check.Test));
        Assert.All(checks, check => Assert.Equal(("holds", null), (check.Word, check.Failure)));
        Assert.Equal([0, 5, 6, 8, 6, 6], checks.Select(check => Math.Round(check.FoundBits, 9)));
        Assert.Equal([0, 6, 6, 8, 6, 6], checks.Select(check => Math.Round(check.ExpectedBits, 9)));
    }

    /// <summary>Where x tells less than y, as behind an embedding, and where classes collide: the relations are the same.</summary>
    [Fact]
    public void Counting_obeys_every_relation_where_vectors_are_shared()
    {
        using var device = Cells.Open("reference");
        var checks = SelfConsistency.Check(device, EstimatorTable.Find("exact"), Cells.Mixed([.. Enumerable.Range(0, 200)]),
            CriticPreset.Small, [1], 0, CancellationToken.None);
        Assert.All(checks, check => Assert.Equal("holds", check.Word));
        Assert.InRange(checks[1].FoundBits, 0.1, checks[1].ExpectedBits);
        Assert.Equal(checks[2].ExpectedBits, checks[2].FoundBits, 1e-9);
        Assert.Equal(checks[4].ExpectedBits, checks[4].FoundBits, 1e-9);
        Assert.Equal(checks[5].ExpectedBits, checks[5].FoundBits, 1e-9);
    }

    [Fact]
    public void S_mine_obeys_every_relation()
    {
        using var device = Cells.Open("cpu");
        var checks = SelfConsistency.Check(device, EstimatorTable.Find("s-mine"), Cells.Bijection(40, 12), CriticPreset.Small, [1, 2], 0,
            CancellationToken.None);
        Assert.All(checks, check => Assert.True(check.Holds, check.ToString()));
        Assert.Equal(Math.Log2(40), checks[4].FoundBits, 0.02);
        Assert.InRange(checks[0].FoundBits, -0.02, 1e-4);
    }

    /// <summary>The largest of many steps lies above all that 60 classes hold, whichever relations it keeps by chance.</summary>
    [Fact]
    public void The_published_protocol_holds_its_relations_at_values_that_cannot_be()
    {
        using var device = Cells.Open("cpu");
        var preset = CriticPreset.Small with { Widths = [32, 16, 1], StepLimit = 400, Rate = LearningRate.Constant(5e-3) };
        var checks = SelfConsistency.Check(device, EstimatorTable.Find("paper"), Cells.Bijection(60, 12), preset, [1], 0,
            CancellationToken.None);
        Assert.InRange(checks[1].ExpectedBits, Math.Log2(60) + 0.1, double.MaxValue);
    }

    [Fact]
    public void A_refusal_is_no_value()
    {
        using var device = Cells.Open("reference");
        var checks = SelfConsistency.Check(device, EstimatorTable.Find("ksg"), Cells.Bijection(30, 4), CriticPreset.Small, [1], 0,
            CancellationToken.None);
        Assert.All(checks, check => Assert.Equal("no value", check.Word));
        Assert.Contains("ksg cannot work here", checks[0].Failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.0, 1.0, 0.1, false, true)]
    [InlineData(0.8, 1.0, 0.1, false, false)]
    [InlineData(0.8, 1.0, 0.1, true, true)]
    [InlineData(1.2, 1.0, 0.1, true, false)]
    [InlineData(double.NaN, 1.0, 0.1, true, false)]
    public void A_bound_holds_below(double found, double expected, double tolerance, bool isBound, bool holds) =>
        Assert.Equal(holds, new ConsistencyCheck("", "", found, expected, tolerance, isBound, null).Holds);
}
