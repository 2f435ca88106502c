namespace Emergence.Files;

/// <summary>Columns of doubles in single precision, with all differences between their values.</summary>
internal static class SingleColumns
{
    /// <summary>
    /// Rounds every value. A column whose values would merge is moved to its mean first, which changes no information: times
    /// and numbers of records lie far from 0 and close together.
    /// </summary>
    /// <param name="source">For messages.</param>
    /// <param name="values">(R, C).</param>
    /// <param name="columns">C.</param>
    public static float[] Round(string source, double[] values, int columns)
    {
        var rounded = Array.ConvertAll(values, value => (float)value);
        for (var column = 0; column < columns; column++)
        {
            if (Keeps(values, rounded, column, columns))
                continue;
            var mean = Of(values, column, columns).Average();
            for (var i = column; i < values.Length; i += columns)
                rounded[i] = (float)(values[i] - mean);
            if (!Keeps(values, rounded, column, columns))
                throw new EmergenceException($"{source}: column {column} has {Of(values, column, columns).Distinct().Count()} distinct values, of which single precision keeps {Of(rounded, column, columns).Distinct().Count()}: expected values that differ by more than 6e-8 of their spread", ExitCode.Usage);
        }

        return rounded;
    }

    /// <summary>Whether different values are different still; values that are not finite are for others to refuse.</summary>
    private static bool Keeps(double[] values, float[] rounded, int column, int columns)
    {
        var (isExact, isFinite) = (true, true);
        for (var i = column; i < values.Length; i += columns)
            (isExact, isFinite) = (isExact && rounded[i] == values[i], isFinite && float.IsFinite(rounded[i]));
        return isExact || !isFinite || Of(values, column, columns).Distinct().Count() == Of(rounded, column, columns).Distinct().Count();
    }

    private static IEnumerable<T> Of<T>(T[] values, int column, int columns)
    {
        for (var i = column; i < values.Length; i += columns)
            yield return values[i];
    }
}
