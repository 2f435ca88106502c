namespace Emergence.Information.Gaussian;

/// <summary>Whether rows look normal, and the closed form if they do.</summary>
/// <param name="IsNormal">Neither the tails of all columns together nor the skew of any one differ from normal ones by more than
/// chance.</param>
/// <param name="Bits">The closed form of the sample covariance less its bias; NaN if there are too few rows.</param>
internal sealed record Normality(bool IsNormal, double Bits)
{
    /// <summary>Standard errors that chance does not make, of Mardia's kurtosis and of the skewness of one of several columns.</summary>
    private const double SureTails = 4, SureSkew = 5;

    public static Normality Of(PairedRows rows)
    {
        var columns = rows.XColumns + rows.YColumns;
        if (rows.HasText || GaussianEstimator.Bits(rows) is not { } bits)
            return new(false, double.NaN);
        var both = rows.Join();
        var factor = SymmetricMatrix.Factor(SymmetricMatrix.Covariance(both, columns, rows.Repeats), columns)!;
        var (n, fourth, third) = ((double)rows.Count, 0.0, new double[columns]);
        for (var row = 0; row < rows.Repeats.Length; row++)
        {
            var z = both.AsSpan(row * columns, columns);
            fourth += rows.Repeats[row] * Math.Pow(SymmetricMatrix.SquaredLength(factor, columns, z), 2) / n;
            for (var j = 0; j < columns; j++)
                third[j] += rows.Repeats[row] * z[j] * z[j] * z[j] / n;
        }

        var expected = columns * (columns + 2.0) * (n - 1) / (n + 1);
        var isSkew = third.Any(skew => Math.Abs(skew) > SureSkew * Math.Sqrt(6 / n));
        return new(Math.Abs(fourth - expected) < SureTails * Math.Sqrt(8.0 * columns * (columns + 2) / n) && !isSkew, bits);
    }
}
