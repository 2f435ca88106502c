using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>Choices and weights of routers on numbers whose result is known.</summary>
public sealed class RoutingTests
{
    [Fact]
    public void Among_equals_the_lower_index_is_chosen()
    {
        foreach (var scores in Enum.GetValues<RouterScores>())
            Assert.Equal([0, 1], Choose(new(scores) { Distance = 1 }, [1, 1, 1, 1], 2).Chosen);
        Assert.Equal([1, 3], Choose(new(RouterScores.Softmax), [0, 2, 1, 2, 2], 2).Chosen);
    }

    [Fact]
    public void Weights_are_of_all_experts_or_of_the_chosen()
    {
        float[] products = [MathF.Log(1), MathF.Log(2), MathF.Log(3), MathF.Log(4)];
        Same([0.3, 0.4], Choose(new(RouterScores.Softmax), products, 2).Weights);
        Same([3 / 7.0, 4 / 7.0], Choose(new(RouterScores.Softmax) { Normalises = true }, products, 2).Weights);
        Same([3 / 7.0, 4 / 7.0], Choose(new(RouterScores.SoftmaxOfChosen), products, 2).Weights);
        Same([3 / 4.0, 4 / 5.0], Choose(new(RouterScores.Sigmoid), products, 2).Weights);
        Same([3 / 4.0, 4 / 5.0], Choose(new(RouterScores.SigmoidOfChosen), products, 2).Weights);
        Same([2.5 * 0.3, 2.5 * 0.4], Choose(new(RouterScores.Softmax) { Scale = 2.5f }, products, 2).Weights);
        Same([1], Choose(new(RouterScores.Softmax) { Normalises = true }, [-5], 1).Weights);
    }

    [Fact]
    public void A_correction_changes_the_choice_and_not_the_weights()
    {
        float[] products = [0, 0, 0, MathF.Log(3)];
        var (chosen, weights) = Choose(new(RouterScores.Sigmoid) { Correction = true }, products, 1, [0, 1, 0, 0]);
        Assert.Equal([1], chosen);
        Same([0.5], weights);
    }

    [Fact]
    public void Only_experts_of_the_best_groups_are_chosen()
    {
        // Sigmoids 0.75 alone in its group against 0.6 and 0.6: by the sum of two the second group is better.
        float[] products = [Logit(0.75f), Logit(0.01f), Logit(0.6f), Logit(0.6f)];
        var two = new RouterShape(RouterScores.Sigmoid) { Groups = 2, ChosenGroups = 1, GroupScores = 2 };
        Assert.Equal([2, 3], Choose(two, products, 2).Chosen);
        Assert.Equal([0, 1], Choose(two with { GroupScores = 1 }, products, 2).Chosen);
        Assert.Equal([0, 2], Choose(two with { Groups = 1 }, products, 2).Chosen);

        static float Logit(float p) => MathF.Log(p / (1 - p));
    }

    [Fact]
    public void One_after_the_other_weighs_among_those_near_the_largest()
    {
        // Of 2, 1.99, 1 only the second is within 2 % of the first; of what is left, 1.99 stands alone.
        var (chosen, weights) = Choose(new(RouterScores.OneByOne) { Distance = 0.02f }, [1, 1.99f, 2], 2);
        Assert.Equal([1, 2], chosen);
        Same([1, 1 / (1 + Math.Exp(-0.01))], weights);
    }

    [Fact]
    public void Many_experts_and_all_of_them()
    {
        var random = new Random(1);
        float[] products = [.. Enumerable.Range(0, 128).Select(_ => random.NextSingle())];
        var best = products.Select((value, e) => (value, e)).OrderByDescending(pair => pair.value).Take(8).Select(pair => pair.e).Order();
        Assert.Equal(best, Choose(new(RouterScores.Softmax), products, 8).Chosen);
        Assert.Equal(Enumerable.Range(0, 128), Choose(new(RouterScores.Softmax), products, 128).Chosen);
        Assert.Equal(1, Choose(new(RouterScores.Softmax), products, 128).Weights.Sum(), 1e-5f);
    }

    private static (int[] Chosen, float[] Weights) Choose(RouterShape router, float[] products, int k, float[]? correction = null)
    {
        var (chosen, weights) = (new int[k], new float[k]);
        Routing.Choose(router, products, correction, chosen, weights);
        return (chosen, weights);
    }

    private static void Same(double[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], found[i], 1e-6);
    }
}
