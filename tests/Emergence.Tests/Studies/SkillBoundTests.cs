using Emergence.Studies.Skills;

namespace Emergence.Tests.Studies;

public sealed class SkillBoundTests
{
    /// <summary>Roots by bisection with 50 digits (mpmath 1.3).</summary>
    [Theory]
    [InlineData(0.1, 8, 0.1, 4.50190769444263564)]
    [InlineData(0.1, 1, 0.01, 81.0819353858945837)]
    [InlineData(0.05, 4, 0.2, 4.27197316703092854)]
    [InlineData(0.5, 16, 0.3, 1.66456551389497297)]
    [InlineData(0.01, 2, 0.001, 505.615219763226587)]
    [InlineData(0.2, 1000, 0.5, 1.07070961366486611)]
    [InlineData(0.1, 1e8, 0.1, 1.00076503723507099)]
    public void Beta_equals_the_root_at_high_precision(double theta, double k, double alpha, double expected) =>
        Assert.Equal(expected, new SkillBound(theta, k).Beta(alpha), 1e-10 * expected);

    [Theory]
    [InlineData(0.1, 8, 2, 0.432754821806388683)]
    [InlineData(0.1, 1, 40, 0.0232719089399234021)]
    [InlineData(0.05, 4, 5, 0.15923618424227981)]
    [InlineData(0.5, 16, 1.5, 0.41402824846809057)]
    [InlineData(0.01, 2, 50, 0.0159516813598365336)]
    [InlineData(0.2, 1000, 1.01, 0.976997084083150384)]
    public void Alpha_equals_the_root_at_high_precision(double theta, double k, double beta, double expected) =>
        Assert.Equal(expected, new SkillBound(theta, k).Alpha(beta), 1e-11 * expected);

    [Theory]
    [InlineData(0.1, 2, 0.01)]
    [InlineData(0.3, 8, 0.2)]
    [InlineData(0.02, 64, 0.7)]
    public void The_published_left_side_changes_sign_at_the_curve(double theta, double k, double alpha)
    {
        var bound = new SkillBound(theta, k);
        var beta = bound.Beta(alpha);

        Assert.InRange(alpha * beta, alpha, 1);
        Assert.True(AsPrinted(theta, k, alpha, beta * (1 - 1e-6)) > 0);
        Assert.True(AsPrinted(theta, k, alpha, beta * (1 + 1e-6)) < 0);
        var other = 1.3 * beta * alpha < 1 ? 1.3 * beta : beta;
        Assert.Equal(AsPrinted(theta, k, alpha, other), SkillBound.EntropyNats(theta) - k * theta * SkillBound.Divergence(alpha, other),
            1e-12);
        Assert.Equal(alpha, bound.Alpha(beta), 1e-9);
    }

    [Fact]
    public void Beta_goes_to_one_as_texts_use_more_skills()
    {
        // KL = alpha (beta-1)^2 / (2 (1-alpha)) near beta = 1
        const double Theta = 0.1, Alpha = 0.25;
        var last = double.PositiveInfinity;
        foreach (var k in (double[])[8, 64, 1e3, 1e4, 1e6, 1e8])
        {
            var beta = new SkillBound(Theta, k).Beta(Alpha);
            Assert.InRange(beta, 1, last);
            last = beta;
        }

        var entropy = -0.1 * Math.Log(0.1) - 0.9 * Math.Log(0.9);
        var expected = Math.Sqrt(2 * (1 - Alpha) * entropy / (1e8 * Theta * Alpha));
        Assert.Equal(expected, last - 1, 1e-3 * expected);
    }

    [Fact]
    public void There_is_no_promise_where_all_edges_of_the_worst_texts_fit_into_the_skills()
    {
        // k = 1: the texts of a share alpha of the skills are theta of all once alpha >= theta; the union bound is a little weaker.
        var limit = Math.Exp(-(-0.1 * Math.Log(0.1) - 0.9 * Math.Log(0.9)) / 0.1);
        Assert.True(double.IsNaN(new SkillBound(0.1, 1).Beta(limit * 1.001)));
        Assert.Equal(1 / (limit * 0.999), new SkillBound(0.1, 1).Beta(limit * 0.999), 0.05 / limit);
        Assert.True(double.IsNaN(new SkillBound(0.1, 1).Alpha(2)));
        Assert.True(double.IsNaN(new SkillBound(0.1, 8).Alpha(1)));
    }

    [Fact]
    public void A_finite_graph_promises_less()
    {
        var bound = new SkillBound(0.1, 8);
        var beta = bound.Beta(0.1, 10_000, 1_000_000);
        Assert.InRange(beta, bound.Beta(0.1) + 1e-6, 1.05 * bound.Beta(0.1));
        Assert.Equal(bound.Beta(0.1), bound.Beta(0.1, 10_000, 1_000_000_000_000), 1e-6);
    }

    [Fact]
    public void Ten_times_the_data_double_the_tuples()
    {
        Assert.Equal(8, SkillTuples.ByHalves(1e10, 1e13), 1e-12);
        Assert.Equal(1.9055, SkillTuples.ByExponent(1e10, 1e11, 0.28), 1e-4);
        Assert.Equal(1.9055 * 1.9055 * 1.9055, SkillTuples.ByExponent(1e10, 1e13, 0.28), 1e-2);
        // two texts that fail with 1 - sqrt 0.9 fail as a pair with 0.1
        Assert.Equal(2, SkillTuples.Exact(0.1, 0.1 / (1 - Math.Sqrt(0.9))), 1e-12);
        Assert.Equal(24, SkillTuples.Log10Tuples(1_000, 8), 1e-12);
    }

    private static double AsPrinted(double theta, double k, double alpha, double beta) => Entropy(theta)
        + k * theta * (Entropy(beta * alpha) - beta * alpha * Math.Log(1 / alpha) - (1 - beta * alpha) * Math.Log(1 / (1 - alpha)));

    private static double Entropy(double p) => -p * Math.Log(p) - (1 - p) * Math.Log(1 - p);
}
