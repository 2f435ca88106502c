namespace Emergence.Tests.Models;

/// <summary>Comparison row by row: a norm over all rows would hide errors, because position 0 can be 100 times larger.</summary>
internal static class RelativeError
{
    /// <summary>Largest |a_r - b_r| / |b_r| over the rows of <paramref name="columns"/> values; infinite where a is not finite.</summary>
    public static double OfRows(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, int columns)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.Equal(0, expected.Length % columns);
        var worst = 0.0;
        for (var start = 0; start < expected.Length; start += columns)
        {
            double difference = 0, magnitude = 0;
            for (var i = start; i < start + columns; i++)
            {
                difference += Math.Pow((double)actual[i] - expected[i], 2);
                magnitude += Math.Pow(expected[i], 2);
            }

            var error = Math.Sqrt(difference / magnitude);
            worst = double.IsFinite(error) ? Math.Max(worst, error) : double.PositiveInfinity;
        }

        return worst;
    }

    public static void Below(double limit, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, int columns, string what)
    {
        var error = OfRows(actual, expected, columns);
        Assert.True(error <= limit, $"{what}: relative error {error:e2} of a row, at most {limit:e0} allowed");
    }
}
