namespace Emergence.Information.Statistics;

/// <summary>Ranks made normal: a map of each column alone that rises, so that no information is lost and no tail is left.</summary>
internal static class NormalScores
{
    /// <summary>Puts z of (mean rank - 1/2) / N in place of a column; equal values stay equal.</summary>
    /// <param name="values">(N, columns).</param>
    /// <param name="columns">Columns of a row.</param>
    /// <param name="column">Which.</param>
    public static void Put(double[] values, int columns, int column)
    {
        var rows = values.Length / columns;
        var keys = new double[rows];
        for (var row = 0; row < rows; row++)
            keys[row] = values[row * columns + column];
        var order = Enumerable.Range(0, rows).ToArray();
        Array.Sort(keys, order);
        for (var first = 0; first < rows;)
        {
            var next = first + 1;
            while (next < rows && keys[next] == keys[first])
                next++;
            var score = Quantile((first + next) / 2.0 / rows);
            for (; first < next; first++)
                values[order[first] * columns + column] = score;
        }
    }

    /// <summary>z with P(Z &lt; z) = p for the standard normal: Acklam's rational functions, relative error below 1.2e-9.</summary>
    public static double Quantile(double p)
    {
        if (p > 0.5)
            return -Quantile(1 - p);
        if (p < 0.02425)
        {
            var tail = Math.Sqrt(-2 * Math.Log(p));
            return (((((-7.784894002430293e-03 * tail - 3.223964580411365e-01) * tail - 2.400758277161838) * tail - 2.549732539343734)
                * tail + 4.374664141464968) * tail + 2.938163982698783)
                / ((((7.784695709041462e-03 * tail + 3.224671290700398e-01) * tail + 2.445134137142996) * tail + 3.754408661907416) * tail
                    + 1);
        }

        var middle = p - 0.5;
        var square = middle * middle;
        return (((((-3.969683028665376e+01 * square + 2.209460984245205e+02) * square - 2.759285104469687e+02) * square
            + 1.383577518672690e+02) * square - 3.066479806614716e+01) * square + 2.506628277459239) * middle
            / (((((-5.447609879822406e+01 * square + 1.615858368580409e+02) * square - 1.556989798598866e+02) * square
                + 6.680131188771972e+01) * square - 1.328068155288572e+01) * square + 1);
    }
}
