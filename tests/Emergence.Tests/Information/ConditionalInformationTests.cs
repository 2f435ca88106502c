using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information;

/// <summary>I(x; y | z) is doubted for all that I(x; y, z) is.</summary>
public sealed class ConditionalInformationTests
{
    private const int Rows = 1000;
    private readonly RandomSequence _random = new(8, 1, RandomStream.Samplers);

    /// <summary>Two series of their own, which nothing links.</summary>
    [Theory]
    [InlineData("ksg")]
    [InlineData("gaussian")]
    public void Rows_in_time_order_are_no_observations(string estimator)
    {
        var (x, y, z) = (Series(), Series(), Draw());
        Assert.NotEqual(Verdict.Ok, Estimate(estimator, x, y, [z]).Verdict);
    }

    /// <summary>s = sum of five z, plus one unit; t = s plus another: given all z they share 1/2 log2 2 = 0.5 bit, of which neighbours
    /// in seven columns see half.</summary>
    [Fact]
    public void Many_columns_hide_from_neighbours_and_not_from_the_closed_form()
    {
        double[][] z = [.. Enumerable.Range(0, 5).Select(_ => Draw())];
        double[] s = Draw(), t = Draw();
        for (var row = 0; row < Rows; row++)
            t[row] += s[row] += z.Sum(column => column[row]);
        var result = Estimate("ksg", s, t, z);
        Assert.True(result.Verdict != Verdict.Ok || (result.Low <= 0.5 && result.High >= 0.5), result.ToString());
        result = Estimate("gaussian", s, t, z);
        Assert.Equal(Verdict.Ok, result.Verdict);
        Assert.Equal(0.5, result.MiBits, 0.1);
    }

    [Fact]
    public void A_window_that_leaves_no_neighbour_leaves_no_value()
    {
        Assert.Equal(Verdict.Failed, Estimate("ksg", Draw(), Draw(), [Draw()], Rows).Verdict);
        var narrow = Estimate("ksg", Draw(), Draw(), [Draw()], Rows / 4);
        Assert.Equal((Verdict.Unreliable, true), (narrow.Verdict, double.IsNaN(narrow.High)));
        var joint = new JointClasses(new([SideColumn.Of("x", Draw())]), new([SideColumn.Of("y", Draw())]), isEnumeration: false);
        Assert.Contains("--exclude 250",
            PairInformation.OfTable(EstimatorTable.Find("ksg"), joint, Rows / 4).Note, StringComparison.Ordinal);
    }

    /// <summary>The closed form is one of those that a user gets who names none.</summary>
    [Fact]
    public void Words_have_no_closed_form_and_the_others_have_their_value()
    {
        int[] codes = [.. Draw().Select(value => value > 0 ? 1 : 0)];
        var words = new SideColumn("word", [.. codes.Select(_ => double.NaN)], codes, 2);
        SideColumn[] z = [SideColumn.Of("z", Array.ConvertAll(Draw(), value => value > 0 ? 1.0 : 0))];
        var closed = ConditionalInformation.Estimate("gaussian", [words], z, z, 0);
        Assert.Equal(Verdict.Failed, closed.Verdict);
        Assert.StartsWith("word: words have no covariance", closed.Note, StringComparison.Ordinal);
        Assert.Equal(0, ConditionalInformation.Estimate("exact", [words], z, z, 0).MiBits, 1e-9);
    }

    private static PairInformation Estimate(string estimator, double[] x, double[] y, double[][] z, int window = 0) =>
        ConditionalInformation.Estimate(estimator, [SideColumn.Of("x", x)], [SideColumn.Of("y", y)],
            [.. z.Select(column => SideColumn.Of("z", column))], window);

    private double[] Draw() => [.. Enumerable.Range(0, Rows).Select(_ => _random.NextNormal())];

    private double[] Series()
    {
        var values = Draw();
        for (var row = 1; row < Rows; row++)
            values[row] = 0.99 * values[row - 1] + Math.Sqrt(1 - 0.99 * 0.99) * values[row];
        return values;
    }
}
