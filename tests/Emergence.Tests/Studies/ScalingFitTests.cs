using Emergence.Devices.Randomness;
using Emergence.Studies.Skills;

namespace Emergence.Tests.Studies;

public sealed class ScalingFitTests
{
    private static readonly double[] Sizes = [7e7, 1.6e8, 4.1e8, 1e9, 2.8e9, 6.9e9];
    private static readonly double[] Data = [1e9, 3e9, 1e10, 3e10, 1e11, 3e11];

    [Theory]
    [InlineData(1.61, 406.4, 0.34, 410.7, 0.28)]
    [InlineData(1.82, 482, 0.348, 2085, 0.366)]
    [InlineData(0.5, 30, 0.15, 2000, 0.45)]
    public void Planted_constants_are_recovered(double a, double b, double sizeExponent, double c, double dataExponent)
    {
        var law = new ScalingFit(Planted(n => a + b / Math.Pow(n.N, sizeExponent) + c / Math.Pow(n.D, dataExponent), 0, 0)).Law;

        Assert.Equal(a, law.Floor, 1e-4 * a);
        Assert.Equal(sizeExponent, law.SizeExponent, 1e-4);
        Assert.Equal(dataExponent, law.DataExponent, 1e-4);
        Assert.Equal(b, law.SizeFactor, 2e-3 * b);
        Assert.Equal(c, law.DataFactor, 2e-3 * c);
    }

    [Fact]
    public void Runs_that_went_wrong_do_little()
    {
        var runs = Planted(Published, 0.002, 1);
        foreach (var wrong in (int[])[3, 17, 30])
            runs[wrong] = runs[wrong] with { Loss = 1.3 * runs[wrong].Loss };

        var law = new ScalingFit(runs).Law;

        Assert.Equal(1.61, law.Floor, 0.15);
        Assert.Equal(0.34, law.SizeExponent, 0.04);
        Assert.Equal(0.28, law.DataExponent, 0.04);
    }

    [Fact]
    public void Intervals_hold_the_truth_about_as_often_as_they_say()
    {
        var (inside, draws) = (0, 40);
        for (ulong seed = 1; seed <= (ulong)draws; seed++)
        {
            var laws = new ScalingFit(Planted(Published, 0.003, seed)).Resample(100, seed);
            var (low, high) = ScalingFit.Interval(laws, law => law.DataExponent);
            Assert.True(low < high);
            inside += low <= 0.28 && 0.28 <= high ? 1 : 0;
        }

        // Binomial(40, 0.95) is below 33 with probability 0.003; a bootstrap is allowed to be a little narrow
        Assert.InRange(inside, 33, draws);
    }

    [Fact]
    public void The_published_law_says_what_the_paper_says()
    {
        Assert.Equal(1.9, ScalingLaw.Published.TenTimesData, 0.01);
        Assert.Equal(410.7 / Math.Pow(1e10, 0.28), ScalingLaw.Published.ExcessOfData(1e10), 1e-12);
        Assert.Equal(ScalingLaw.Published.Loss(1e9, 1e10) - 1.61, ScalingLaw.Published.Excess(1e9, 1e10), 1e-12);
    }

    [Theory]
    [InlineData("n,d\n1,2\n", "expected a column L (or loss) in the first line, found 'n,d'")]
    [InlineData("N,D,L\n1e6,1e9,-3\n", "line 2: expected a number above 0, found '-3'")]
    [InlineData("parameters,tokens,loss\n1e6,1e9\n", "line 2: expected a number above 0, found ''")]
    [InlineData("N,D,L\n1,1,3\n", "expected 6 runs or more, found 1")]
    [InlineData("N,D,L\n1,1,3\n1,2,3\n1,3,3\n2,1,3\n2,2,3\n2,3,3\n", "expected 3 different N or more")]
    [InlineData("N,D,L\n1,1,3\n2,1,3\n3,1,3\n1,2,3\n2,2,3\n3,2,3\n", "expected 3 different D or more")]
    [InlineData("N,D,L\n1,1,1\n2,1,2\n3,1,3\n1,2,2\n2,2,3\n3,3,4\n1,3,3\n", "found a loss that does not fall with N and with D")]
    public void A_bad_table_is_one_line(string content, string expected)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "runs.csv");
        File.WriteAllText(path, content);

        var error = Assert.Throws<EmergenceException>(() => new ScalingFit(ScalingRun.Read(path)));

        Assert.Contains(expected, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_table_may_have_other_columns()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "runs.csv");
        File.WriteAllText(path, "name,\"Loss\",tokens,parameters\n\"first, of \"\"two\"\"\",2.5,1e9,1000\n\n");

        Assert.Equal([new(1_000, 1e9, 2.5)], ScalingRun.Read(path));
        Assert.Contains("no file", Assert.Throws<EmergenceException>(() => ScalingRun.Read(path + "x")).Message);
    }

    private static double Published((double N, double D) at) => 1.61 + 406.4 / Math.Pow(at.N, 0.34) + 410.7 / Math.Pow(at.D, 0.28);

    private static ScalingRun[] Planted(Func<(double N, double D), double> law, double noise, ulong seed)
    {
        var random = new RandomSequence(seed, 0, RandomStream.Samplers);
        return [.. from n in Sizes from d in Data select new ScalingRun(n, d, law((n, d)) * Math.Exp(noise * random.NextNormal()))];
    }
}
