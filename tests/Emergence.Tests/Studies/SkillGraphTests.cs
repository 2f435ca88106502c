using Emergence.Studies.Skills;

namespace Emergence.Tests.Studies;

public sealed class SkillGraphTests
{
    /// <summary>One-sided: the search finds texts, not the worst ones.</summary>
    [Theory]
    [InlineData(200_000, 2_000, 8, 0.1)]
    [InlineData(200_000, 2_000, 2, 0.05)]
    [InlineData(100_000, 500, 16, 0.3)]
    public void The_worst_texts_found_never_violate_the_bound(int texts, int skills, int k, double theta)
    {
        var graph = new SkillGraph(texts, skills, k, 1);
        foreach (var alpha in (double[])[0.01, 0.05, 0.1, 0.3])
        {
            var bound = new SkillBound(theta, k).Beta(alpha, skills, texts);
            var found = graph.Worst(theta, alpha, starts: 2, seed: 1);
            Assert.True(!(found.Beta > bound), $"alpha {alpha}: {found.Beta} > {bound}");
            Assert.True(!(found.QuantileBeta > bound), $"alpha {alpha}, by skill: {found.QuantileBeta} > {bound}");
            Assert.InRange(found.Beta, 1, 1 / alpha);
            Assert.True(found.Rounds >= 2);
        }
    }

    [Fact]
    public void The_search_beats_random_skills_and_the_best_texts_for_them()
    {
        // Texts with most of a given tenth of the skills: the upper tenth of Binomial(8, 0.1) is all with 3 or more (0.0381), the
        // rest with 2 (0.1488); so its share is (3 P(3) + 4 P(4) + 5 P(5) + 2 (0.1 - P(>= 3))) / 0.8.
        double P(int n) => Choose(8, n) * Math.Pow(0.1, n) * Math.Pow(0.9, 8 - n);
        var above = Enumerable.Range(3, 6).Sum(P);
        var share = (Enumerable.Range(3, 6).Sum(n => n * P(n)) + 2 * (0.1 - above)) / 0.8;

        var found = new SkillGraph(200_000, 2_000, 8, 1).Worst(0.1, 0.1, starts: 2, seed: 1);

        Assert.InRange(found.Share, share, 1);
    }

    [Fact]
    public void With_one_skill_a_text_the_worst_is_known()
    {
        // theta < alpha: all failed texts fit into the chosen skills
        Assert.Equal(1, new SkillGraph(100_000, 100, 1, 3).Worst(0.1, 0.2, starts: 1, seed: 1).Share, 1e-12);
        // one skill of a hundred has about 1 % of the texts, of which all fail
        var found = new SkillGraph(100_000, 100, 1, 3).Worst(0.1, 0.01, starts: 1, seed: 1);
        Assert.InRange(found.Beta, 9.9, 13);
        Assert.InRange(found.QuantileBeta, 1, 10 + 1e-9);
    }

    [Fact]
    public void The_same_seed_is_the_same_graph()
    {
        Assert.Equal(new SkillGraph(10_000, 100, 4, 5).Worst(0.1, 0.1, 2, 1), new SkillGraph(10_000, 100, 4, 5).Worst(0.1, 0.1, 2, 1));
        Assert.NotEqual(new SkillGraph(10_000, 100, 4, 5).Worst(0.1, 0.1, 2, 1).Share, new SkillGraph(10_000, 100, 4, 6)
            .Worst(0.1, 0.1, 2, 1).Share);
    }

    private static double Choose(int n, int k) => Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * (n - k + i) / i);
}
