namespace Emergence.Information.Exact;

/// <summary>What the values of a column are to an estimator that knows distances.</summary>
public enum ColumnKind
{
    /// <summary>Numbers; those that repeat are atoms.</summary>
    Continuous,

    /// <summary>Numbers that were rounded to multiples of a step: values that are equal were not.</summary>
    Rounded,

    /// <summary>Names: equal or not, at no distance.</summary>
    Labels,
}

/// <summary>Guesses the kind of a column if the user does not say.</summary>
public static class ColumnKinds
{
    /// <summary>So few values that come twice and more name classes: sexes, digits, grades. More may be years or numbers of
    /// people.</summary>
    private const int FewLevels = 20;

    /// <summary>Rounded values have a range of fewer steps; if there are more, what looks like a step is the grain of the number
    /// format.</summary>
    private const double MaxSteps = 1e7;

    /// <summary>How far from a multiple of the step a value may be, in steps: the decimals of a step are not exact in binary.</summary>
    private const double Slack = 0.02;

    /// <param name="values">(N); NaN if the column holds words.</param>
    /// <param name="levels">Distinct values in the file.</param>
    public static (ColumnKind Kind, double Step) Guess(double[] values, int levels)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (Array.Exists(values, double.IsNaN))
            return (ColumnKind.Labels, 0);
        var isWhole = Array.TrueForAll(values, double.IsInteger);
        if (levels <= FewLevels && 2 * levels <= values.Length)
            return (ColumnKind.Labels, 0);
        if (levels == values.Length)
            return (ColumnKind.Continuous, 0);
        var step = Step(values);
        return step > 0 ? (ColumnKind.Rounded, step)
            : isWhole ? (ColumnKind.Labels, 0) // far apart and repeated: ids
            : (ColumnKind.Continuous, 0);
    }

    /// <summary>The step that all values are multiples of, from the least; 0 if there is none.</summary>
    private static double Step(double[] values)
    {
        double[] sorted = [.. values.Distinct().Order()];
        var gap = double.PositiveInfinity;
        for (var i = 1; i < sorted.Length; i++)
            gap = Math.Min(gap, sorted[i] - sorted[i - 1]);
        var range = sorted[^1] - sorted[0];
        if (!(range / gap < MaxSteps))
            return 0;
        var step = range / Math.Round(range / gap);
        return Array.TrueForAll(sorted, value => Math.Abs((value - sorted[0]) / step - Math.Round((value - sorted[0]) / step)) < Slack)
            ? step : 0;
    }
}
