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

    public override string Name => shrinks ? "gaussian-shrunk" : "gaussian";

    public override string Description => shrinks
        ? "closed form of normal data, covariance shrunk after Ledoit and Wolf"
        : "closed form of normal data, corrected for the number of rows";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        var columns = rows.XColumns + rows.YColumns;
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return Describe(request, 0);
        if (!shrinks && rows.Count < RowsPerColumn * columns)
            return Refuse(request, $"{rows.Count} rows for {columns} columns, needs {RowsPerColumn * columns}; use gaussian-shrunk, or more rows");

        var both = rows.Join();
        var covariance = SymmetricMatrix.Covariance(both, columns, rows.Repeats);
        if (shrinks)
            Shrink(covariance, columns, SymmetricMatrix.ShrinkageShare(both, covariance, columns, rows.Repeats));
        var x = SymmetricMatrix.Factor(SymmetricMatrix.Block(covariance, columns, 0, rows.XColumns), rows.XColumns);
        var y = SymmetricMatrix.Factor(SymmetricMatrix.Block(covariance, columns, rows.XColumns, rows.YColumns), rows.YColumns);
        var joint = SymmetricMatrix.Factor(covariance, columns);
        if (x == null || y == null || joint == null)
            return Refuse(request, "the covariance is singular (columns depend on each other); use exact where rows repeat, else mixed-ksg or mine-ema");

        var nats = (SymmetricMatrix.LogDeterminant(x, rows.XColumns) + SymmetricMatrix.LogDeterminant(y, rows.YColumns) - SymmetricMatrix.LogDeterminant(joint, columns)) / 2;
        var degrees = rows.Count - 1;
        var bias = shrinks ? 0 : (Bias(rows.XColumns, degrees) + Bias(rows.YColumns, degrees) - Bias(columns, degrees)) / 2;
        return Describe(request, (nats - bias) / Math.Log(2)) with { SamplingErrorBits = StandardError(rows, x, y, joint) / Math.Log(2) };
    }

    /// <summary>
    /// Of the mean over rows of ln p(x, y) / (p(x) p(y)), which is how the value depends on each row to first order; where
    /// that vanishes, at independence, 2 N I has the chi-squared distribution of dx dy degrees. In nats.
    /// </summary>
    private static double StandardError(PairedRows rows, double[] x, double[] y, double[] joint)
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

        return double.Hypot(rows.Mean(nats).StandardError, Math.Sqrt(rows.XColumns * rows.YColumns / 2.0) / rows.Count);
    }

    private static double Bias(int dimensions, double degrees)
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
