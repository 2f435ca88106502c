using Emergence.Information.Exact;

namespace Emergence.Information.Canonical;

/// <summary>
/// Of many pairs that occur as many as covariances need, evenly spread: 32 for every column. The covariances of both sides and that
/// between them must be of the same pairs: with those of others correlations come out above 1, largest where chance made a variance
/// small, and are no guide to what corresponds.
/// </summary>
internal static class SomePairs
{
    private const int PairsPerColumn = 32, Least = 1 << 14;

    /// <summary>All of them if there are fewer. Weights sum to 1.</summary>
    /// <param name="support">Pairs that occur, with weights that sum to 1.</param>
    /// <param name="columns">Columns of the wider side.</param>
    public static IReadOnlyList<ClassPair> Of(IReadOnlyList<ClassPair> support, int columns)
    {
        var count = Math.Max(Least, PairsPerColumn * columns);
        if (support.Count <= count)
            return support;
        ClassPair[] taken = [.. Enumerable.Range(0, count).Select(k => support[(int)((long)k * support.Count / count)])];
        var total = taken.Sum(pair => pair.Joint);
        return [.. taken.Select(pair => pair with { Joint = pair.Joint / total })];
    }

    /// <summary>Classes of one side of pairs, ascending, with the weight of each.</summary>
    public static (int Class, double Weight)[] Side(IReadOnlyList<ClassPair> pairs, int classes, Func<ClassPair, int> side)
    {
        var weights = new double[classes];
        foreach (var pair in pairs)
            weights[side(pair)] += pair.Joint;
        return [.. Enumerable.Range(0, classes).Where(k => weights[k] > 0).Select(k => (k, weights[k]))];
    }
}
