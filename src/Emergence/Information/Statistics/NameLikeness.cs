using Emergence.Information.Exact;

namespace Emergence.Information.Statistics;

/// <summary>
/// Whether numbers are names: rows of the same number are alike in another column, and rows of the next number are as far
/// apart there as any two. It takes few rows to see, where counting the names takes many.
/// </summary>
internal static class NameLikeness
{
    /// <summary>Standard errors that chance does not make.</summary>
    private const double Sure = 4;

    /// <summary>Fewest pairs of rows of the same number.</summary>
    private const int FewestPairs = 3;

    /// <summary>Rows of the next number that are nearer than this share of what any two rows are follow the number.</summary>
    private const double Follows = 0.7;

    public static bool Find(SideColumn numbers, SideColumn other)
    {
        var rows = numbers.Codes.Length;
        var order = Enumerable.Range(0, rows).ToArray();
        Array.Sort((int[])numbers.Codes.Clone(), order);
        double Distance(int a, int b) => other.Kind == ColumnKind.Labels ? other.Codes[a] == other.Codes[b] ? 0 : 1
            : Math.Abs(other.Codes[a] - other.Codes[b]);
        var next = Enumerable.Range(1, rows - 1).Select(place => (order[place - 1], order[place])).ToLookup(
            pair => numbers.Codes[pair.Item1] == numbers.Codes[pair.Item2], pair => Distance(pair.Item1, pair.Item2));
        double[] same = [.. next[true]], near = [.. next[false]];
        if (same.Length < FewestPairs || near.Length < FewestPairs)
            return false;
        var any = Enumerable.Range(0, rows).Average(place => Distance(order[place], order[(place + rows / 2) % rows]));
        var spread = StandardDeviation.Of([.. same, .. near]) * Math.Sqrt(1.0 / same.Length + 1.0 / near.Length);
        return near.Average() > Follows * any && near.Average() - same.Average() > Sure * spread;
    }
}
