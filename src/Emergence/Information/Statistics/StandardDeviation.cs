namespace Emergence.Information.Statistics;

/// <summary>How far values of a sample lie from their mean.</summary>
internal static class StandardDeviation
{
    /// <summary>With N - 1 in the denominator; 0 of fewer than two values.</summary>
    public static double Of(IReadOnlyList<double> values)
    {
        if (values.Count < 2)
            return 0;
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
