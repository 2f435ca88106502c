namespace Emergence.Models;

/// <summary>Chooses experts for rows by a router's products, in single precision and in the order of the published programs.</summary>
internal static class Routing
{
    /// <summary>Experts of one row in ascending order, and their weights.</summary>
    /// <param name="router">How.</param>
    /// <param name="products">(E).</param>
    /// <param name="correction">(E), or empty.</param>
    /// <param name="chosen">(k).</param>
    /// <param name="weights">(k).</param>
    public static void Choose(
        RouterShape router, ReadOnlySpan<float> products, ReadOnlySpan<float> correction, Span<int> chosen, Span<float> weights)
    {
        switch (router.Scores)
        {
            case RouterScores.OneByOne:
                ChooseOneByOne(router, products, chosen, weights);
                break;
            case RouterScores.SoftmaxOfChosen:
                Largest(products, chosen);
                Take(products, chosen, weights);
                Softmax(weights);
                break;
            case RouterScores.SigmoidOfChosen:
                Largest(products, chosen);
                Take(products, chosen, weights);
                Sigmoid(weights);
                break;
            default:
                ChooseByScores(router, products, correction, chosen, weights);
                break;
        }

        chosen.Sort(weights);
    }

    private static void ChooseByScores(
        RouterShape router, ReadOnlySpan<float> products, ReadOnlySpan<float> correction, Span<int> chosen, Span<float> weights)
    {
        Span<float> scores = new float[products.Length];
        products.CopyTo(scores);
        if (router.Scores == RouterScores.Softmax)
            Softmax(scores);
        else
            Sigmoid(scores);
        Span<float> choice = new float[scores.Length];
        for (var e = 0; e < scores.Length; e++)
            choice[e] = router.Correction ? scores[e] + correction[e] : scores[e];
        if (router.Groups > 1)
            KeepGroups(router, choice);
        Largest(choice, chosen);
        Take(scores, chosen, weights);
        if (router.Normalises)
        {
            var sum = 0f;
            foreach (var weight in weights)
                sum += weight;
            sum = Math.Max(sum + router.Added, router.Least);
            foreach (ref var weight in weights)
                weight /= sum;
        }

        foreach (ref var weight in weights)
            weight *= router.Scale;
    }

    /// <summary>Experts in other groups than the best are not to be chosen, however low the scores of the others are.</summary>
    private static void KeepGroups(RouterShape router, Span<float> choice)
    {
        var size = choice.Length / router.Groups;
        var (sums, largest) = (new float[router.Groups], new int[router.GroupScores]);
        for (var group = 0; group < router.Groups; group++)
        {
            var members = choice.Slice(group * size, size);
            Largest(members, largest);
            foreach (var member in largest)
                sums[group] += members[member];
        }

        var kept = new int[router.ChosenGroups];
        Largest(sums, kept);
        for (var group = 0; group < router.Groups; group++)
        {
            if (!kept.Contains(group))
                choice.Slice(group * size, size).Fill(float.NegativeInfinity);
        }
    }

    private static void ChooseOneByOne(RouterShape router, ReadOnlySpan<float> products, Span<int> chosen, Span<float> weights)
    {
        Span<float> left = new float[products.Length];
        Span<float> near = new float[products.Length];
        products.CopyTo(left);
        for (var i = 0; i < chosen.Length; i++)
        {
            Largest(left, chosen.Slice(i, 1));
            var largest = left[chosen[i]];
            for (var e = 0; e < near.Length; e++)
            {
                var distance = (largest - products[e]) / Math.Max(Math.Abs(products[e]), largest);
                near[e] = distance > router.Distance ? float.NegativeInfinity : left[e];
            }

            Softmax(near);
            weights[i] = near[chosen[i]];
            left[chosen[i]] = float.NegativeInfinity;
        }
    }

    /// <summary>Indices of the largest values, falling; of equal ones the first.</summary>
    private static void Largest(ReadOnlySpan<float> values, Span<int> indices)
    {
        var held = 0;
        for (var e = 0; e < values.Length; e++)
        {
            if (held == indices.Length && !(values[e] > values[indices[^1]]))
                continue;
            var place = held < indices.Length ? held++ : held - 1;
            for (; place > 0 && values[e] > values[indices[place - 1]]; place--)
                indices[place] = indices[place - 1];
            indices[place] = e;
        }
    }

    private static void Take(ReadOnlySpan<float> values, ReadOnlySpan<int> indices, Span<float> taken)
    {
        for (var i = 0; i < indices.Length; i++)
            taken[i] = values[indices[i]];
    }

    private static void Sigmoid(Span<float> values)
    {
        foreach (ref var value in values)
            value = 1 / (1 + MathF.Exp(-value));
    }

    private static void Softmax(Span<float> values)
    {
        var (largest, sum) = (float.NegativeInfinity, 0f);
        foreach (var value in values)
            largest = Math.Max(largest, value);
        foreach (ref var value in values)
            sum += value = MathF.Exp(value - largest);
        foreach (ref var value in values)
            value /= sum;
    }
}
