using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Exact;
using Emergence.Information.KnownMi;
using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

/// <summary>Tables as small as people have them: what so few rows cannot tell is not called ok.</summary>
public sealed class FewRowsTests
{
    /// <summary>Samples of each family.</summary>
    private const int Samples = 12;

    /// <summary>Rows that are bent, in tails or names look normal or independent if there are few: no wrong value is ok.</summary>
    [Theory]
    [InlineData("spiral 3+3", 100)]
    [InlineData("spiral 3+3", 200)]
    [InlineData("swiss roll 2+1", 100)]
    [InlineData("Student 1", 100)]
    [InlineData("sparse 5+5", 30)]
    [InlineData("half-cube .75", 30)]
    [InlineData("additive .75", 30)]
    [InlineData("wide ids", 100)]
    [InlineData("1,000 classes, 20 labels", 100)]
    [InlineData("1,000 classes, 20 labels", 200)]
    [InlineData("additive .75", 200)]
    public void What_few_rows_cannot_tell_is_not_ok(string family, int rows)
    {
        var truth = PairFamilies.All.Single(row => row.Name == family);
        var wrong = Enumerable.Range(1, Samples).SelectMany(seed => Judge(truth.Sample(rows, (ulong)seed)))
            .Count(result => result.Verdict == Verdict.Ok && (truth.TrueBits < result.Low || truth.TrueBits > result.High));
        Assert.InRange(wrong, 0, 1);
    }

    /// <summary>What a hundred rows do tell is ok as before, in most samples.</summary>
    [Theory]
    [InlineData("independent", 100)]
    [InlineData("normal .3", 100)]
    [InlineData("normal .75", 200)]
    public void What_they_tell_is_ok(string family, int rows)
    {
        var truth = PairFamilies.All.Single(row => row.Name == family);
        Assert.InRange(Enumerable.Range(1, Samples).SelectMany(seed => Judge(truth.Sample(rows, (ulong)seed)))
            .Count(result => result.Verdict == Verdict.Ok), Samples, 2 * Samples);
    }

    /// <summary>Equal numbers share a label by a table that no distance knows, or by their size.</summary>
    [Theory]
    [InlineData(true, 150)]
    [InlineData(true, 1000)]
    [InlineData(false, 150)]
    [InlineData(false, 1000)]
    public void Numbers_that_are_names_are_told_from_numbers(bool areNames, int rows)
    {
        var random = new RandomSequence(5, 1, RandomStream.Samplers);
        double[] x = [.. Enumerable.Range(0, rows).Select(_ => Math.Floor(800 * random.NextDouble()))];
        double[] y = [.. x.Select(value => areNames ? value * 7919 % 13 : Math.Floor(value / 80))];
        Assert.Equal(areNames, NameLikeness.Find(SideColumn.Of("x", x), SideColumn.Of("y", y)));
    }

    /// <summary>Where hardly a number comes twice nothing tells names from numbers; thirty that do tell which they are.</summary>
    [Fact]
    public void So_few_rows_of_a_number_do_not_tell_names_from_numbers()
    {
        double[] once = [.. Enumerable.Range(0, 21), 20], twice = [.. Enumerable.Range(0, 60).Select(row => 2.0 * (row / 2))];
        static bool? Find(double[] x, Func<double, int, double> y) =>
            NameLikeness.Find(SideColumn.Of("x", x), SideColumn.Of("y", [.. x.Select(y)]));
        Assert.Null(Find(once, (_, row) => 7 * row % 23));
        Assert.True(Find(twice, (value, _) => value * 7919 % 13));
        Assert.False(Find(twice, (value, row) => value + row % 2));
        Assert.False(Find(twice, (_, row) => 7 * row % 31));
    }

    /// <summary>A user's word settles what numbers are.</summary>
    [Fact]
    public void Numbers_that_are_said_to_be_numbers_are()
    {
        var joint = PairFamilies.All.Single(family => family.Name == "1,000 classes, 20 labels").Sample(300, 1);
        JointClasses Said() => new(
            new(joint.X.Table!.Select(column => column.As(isLabels: false)).ToArray()),
            new(joint.Y.Table!.ToArray()),
            isEnumeration: false);
        Assert.Contains(Judge(joint), result => result.Note?.Contains("--discrete none", StringComparison.Ordinal) == true);
        Assert.DoesNotContain(Judge(Said()), result => result.Note?.Contains("--discrete", StringComparison.Ordinal) == true);
    }

    private static List<PairInformation> Judge(JointClasses joint)
    {
        var evidence = new PairEvidence(joint, 0);
        return [.. new[] { "mixed-ksg", "gaussian" }.Select(name =>
            evidence.Judge(PairInformation.OfTable(EstimatorTable.Find(name), joint, 0)))];
    }
}
