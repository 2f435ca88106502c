using Emergence.Information.Statistics;

namespace Emergence.Information.Gaussian;

/// <summary>
/// "gaussian": 1/2 log2(det Cx det Cy / det C) of the sample covariances, less the bias that normal data would have. The
/// bias of ln det of a Wishart matrix in p dimensions with n degrees of freedom is sum_i psi((n - i + 1) / 2) + p ln(2/n).
/// </summary>
internal sealed class GaussianEstimator(bool shrinks) : RowEstimator
{
    /// <summary>Fewest rows for each column.</summary>
    private const int RowsPerColumn = 5;

    internal const string EstimatorName = "gaussian", ShrunkName = "gaussian-shrunk";

    public override string Name => shrinks ? ShrunkName : EstimatorName;

    public override string Description => shrinks
        ? "closed form of normal data, covariance shrunk after Ledoit and Wolf"
        : "closed form of normal data, corrected for the number of rows";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        var columns = rows.XColumns + rows.YColumns;
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return Describe(request, 0);
        if (rows.HasText)
            return Refuse(request, "words have no covariance; use exact where rows repeat, else mixed-ksg");
        if (!shrinks && rows.Count < RowsPerColumn * columns)
            return Refuse(
                request, $"{rows.Count} rows for {columns} columns, needs {RowsPerColumn * columns}; use gaussian-shrunk, or more rows");
        if (Factors(rows, shrinks) is not { } factors)
            return Refuse(request,
                "the covariance is singular (columns depend on each other); use exact where rows repeat, else mixed-ksg or mine-ema");
        return Describe(request, Bits(rows, factors, shrinks))
            with { SamplingErrorBits = StandardError(rows, factors.X, factors.Y, factors.Joint) / Math.Log(2) };
    }

    /// <summary>The closed form less its bias; null if there are too few rows for it or the covariance is singular.</summary>
    internal static double? Bits(PairedRows rows) =>
        rows.XColumns > 0 && rows.YColumns > 0 && rows.Count >= RowsPerColumn * (rows.XColumns + rows.YColumns)
            && Factors(rows, shrinks: false) is { } factors
            ? Bits(rows, factors, shrinks: false)
            : null;

    /// <summary>log2 p(x, y) / (p(x) p(y)) of each row under the normal density fitted to all, whose mean is the closed form before its
    /// bias is taken out.</summary>
    internal static double[]? RowBits(PairedRows rows) =>
        Factors(rows, shrinks: false) is { } factors
            ? Array.ConvertAll(RowNats(rows, factors.X, factors.Y, factors.Joint), nats => (nats + LogRatio(rows, factors)) / Math.Log(2))
            : null;

    private static (double[] X, double[] Y, double[] Joint)? Factors(PairedRows rows, bool shrinks)
    {
        var columns = rows.XColumns + rows.YColumns;
        var both = rows.Join();
        var covariance = SymmetricMatrix.Covariance(both, columns, rows.Repeats);
        if (shrinks)
            Shrink(covariance, columns, SymmetricMatrix.ShrinkageShare(both, covariance, columns, rows.Repeats));
        var x = SymmetricMatrix.Factor(SymmetricMatrix.Block(covariance, columns, 0, rows.XColumns), rows.XColumns);
        var y = SymmetricMatrix.Factor(SymmetricMatrix.Block(covariance, columns, rows.XColumns, rows.YColumns), rows.YColumns);
        var joint = SymmetricMatrix.Factor(covariance, columns);
        return x == null || y == null || joint == null ? null : (x, y, joint);
    }

    private static double Bits(PairedRows rows, (double[] X, double[] Y, double[] Joint) factors, bool shrinks)
    {
        var degrees = rows.Count - 1;
        var bias = shrinks ? 0
            : (Bias(rows.XColumns, degrees) + Bias(rows.YColumns, degrees) - Bias(rows.XColumns + rows.YColumns, degrees)) / 2;
        return (LogRatio(rows, factors) - bias) / Math.Log(2);
    }

    /// <summary>1/2 ln(det Cx det Cy / det C).</summary>
    private static double LogRatio(PairedRows rows, (double[] X, double[] Y, double[] Joint) factors) =>
        (SymmetricMatrix.LogDeterminant(factors.X, rows.XColumns) + SymmetricMatrix.LogDeterminant(factors.Y, rows.YColumns)
            - SymmetricMatrix.LogDeterminant(factors.Joint, rows.XColumns + rows.YColumns)) / 2;

    /// <summary>
    /// Standard error of the mean over rows of ln p(x, y) / (p(x) p(y)), which is how the value depends on each row to first order; where
    /// that vanishes, at independence, 2 N I has the chi-squared distribution of dx dy degrees. In nats.
    /// </summary>
    private static double StandardError(PairedRows rows, double[] x, double[] y, double[] joint) =>
        double.Hypot(rows.Mean(RowNats(rows, x, y, joint)).StandardError, Math.Sqrt(rows.XColumns * rows.YColumns / 2.0) / rows.Count);

    /// <summary>What of ln p(x, y) / (p(x) p(y)) differs between rows.</summary>
    private static double[] RowNats(PairedRows rows, double[] x, double[] y, double[] joint)
    {
        var (both, columns) = (rows.Join(), rows.XColumns + rows.YColumns);
        var nats = new double[rows.Repeats.Length];
        for (var row = 0; row < nats.Length; row++)
        {
            var z = both.AsSpan(row * columns, columns);
            nats[row] = (SymmetricMatrix.SquaredLength(x, rows.XColumns, z[..rows.XColumns])
                + SymmetricMatrix.SquaredLength(y, rows.YColumns, z[rows.XColumns..])
                - SymmetricMatrix.SquaredLength(joint, columns, z)) / 2;
        }

        return nats;
    }

    internal static double Bias(int dimensions, double degrees)
    {
        var bias = dimensions * Math.Log(2 / degrees);
        for (var i = 1; i <= dimensions; i++)
            bias += SpecialFunctions.Digamma((degrees - i + 1) / 2);
        return bias;
    }

    private static void Shrink(double[] covariance, int columns, double share)
    {
        var mean = 0.0;
        for (var i = 0; i < columns; i++)
            mean += covariance[i * columns + i] / columns;
        for (var i = 0; i < covariance.Length; i++)
            covariance[i] *= 1 - share;
        for (var i = 0; i < columns; i++)
            covariance[i * columns + i] += share * mean;
    }
}
