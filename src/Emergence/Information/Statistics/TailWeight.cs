namespace Emergence.Information.Statistics;

/// <summary>How long tails are, by L-moments (Hosking 1990), which are sums of sorted values and no powers of them.</summary>
internal static class TailWeight
{
    /// <summary>The ratio of the fourth L-moment to the second: 0 of a uniform sample, 0.1226 of a normal one; 0 of a constant.</summary>
    public static double Of(double[] values)
    {
        var sorted = values.Order().ToArray();
        var (n, b0, b1, b2, b3) = (sorted.Length, 0.0, 0.0, 0.0, 0.0);
        for (var place = 0; place < n; place++)
        {
            var share = sorted[place] / n;
            b0 += share;
            b1 += share *= place / (n - 1.0);
            b2 += share *= (place - 1) / (n - 2.0);
            b3 += share * (place - 2) / (n - 3.0);
        }

        var second = (2 * b1) - b0;
        return second > 0 ? ((20 * b3) - (30 * b2) + (12 * b1) - b0) / second : 0;
    }
}
