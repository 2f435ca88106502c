using Emergence.Information.Exact;

namespace Emergence.Information.Statistics;

/// <summary>
/// Whether numbers are names: rows of the same number are alike in another column, and rows of the next number are as far
/// apart there as any two. It takes few rows to see, where counting the names takes many.
/// </summary>
internal static class NameLikeness
{
    /// <summary>Standard errors that chance does not make, and those that it makes now and then.</summary>
    private const double Sure = 4, Likely = 2;

    /// <summary>Fewest pairs of rows of the same number.</summary>
    private const int FewestPairs = 3;

    /// <summary>Rows of the next number that are nearer than this share of what any two rows are follow the number.</summary>
    private const double Follows = 0.7;

    /// <summary>Share of the rows of one name that are alike, at least, if names matter: numbers are what rules that out.</summary>
    private const double Alike = 0.5;

    /// <returns>Null if so few rows of the same number cannot tell.</returns>
    public static bool? Find(SideColumn numbers, SideColumn other)
    {
        var rows = numbers.Codes.Length;
        var order = Enumerable.Range(0, rows).ToArray();
        Array.Sort((int[])numbers.Codes.Clone(), order);
        double Distance(int a, int b) => other.Kind == ColumnKind.Labels ? other.Codes[a] == other.Codes[b] ? 0 : 1
            : Math.Abs(other.Codes[a] - other.Codes[b]);
        var next = Enumerable.Range(1, rows - 1).Select(place => (order[place - 1], order[place])).ToLookup(
            pair => numbers.Codes[pair.Item1] == numbers.Codes[pair.Item2], pair => Distance(pair.Item1, pair.Item2));
        double[] same = [.. next[true]], near = [.. next[false]];
        if (near.Length < FewestPairs)
            return false;
        var any = Enumerable.Range(0, rows).Average(place => Distance(order[place], order[(place + rows / 2) % rows]));
        if (near.Average() <= Follows * any)
            return false;
        if (same.Length < FewestPairs)
            return null;
        var spread = StandardDeviation.Of([.. same, .. near]) * Math.Sqrt(1.0 / same.Length + 1.0 / near.Length);
        if (near.Average() - same.Average() > Sure * spread)
            return true;
        var alike = Alike * near.Average();
        var spreadIfAlike = Math.Sqrt((Alike * near.Average(distance => distance * distance) - alike * alike) / same.Length);
        return same.Average() > alike + Likely * spreadIfAlike ? false : null;
    }
}
