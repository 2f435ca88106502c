namespace Emergence.Information;

/// <summary>
/// "gaussian": 1/2 log2(det Cx det Cy / det C) of the sample covariances, less the bias that normal data would have. The
/// bias of ln det of a Wishart matrix in p dimensions with n degrees of freedom is sum_i psi((n - i + 1) / 2) + p ln(2/n).
/// </summary>
internal sealed class Gaussian(bool shrinks) : RowEstimator
{
    /// <summary>Fewest rows for each column.</summary>
    private const int RowsPerColumn = 5;

    public override string Name => shrinks ? "gaussian-shrunk" : "gaussian";

    public override string Description => shrinks
        ? "closed form of normal data, covariance shrunk after Ledoit and Wolf"
        : "closed form of normal data, corrected for the number of rows";

    public override string UseWhen => "a baseline: sees linear dependence only";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        var columns = rows.XColumns + rows.YColumns;
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return Describe(request, 0);
        if (!shrinks && rows.Count < RowsPerColumn * columns)
            return Refuse(request, $"{rows.Count} rows for {columns} columns, needs {RowsPerColumn * columns}; use gaussian-shrunk, or more rows");

        var both = Join(rows);
        var covariance = SymmetricMatrix.Covariance(both, columns);
        if (shrinks)
            Shrink(covariance, columns, SymmetricMatrix.ShrinkageShare(both, covariance, columns));
        var x = SymmetricMatrix.LogDeterminant(SymmetricMatrix.Block(covariance, columns, 0, rows.XColumns), rows.XColumns);
        var y = SymmetricMatrix.LogDeterminant(SymmetricMatrix.Block(covariance, columns, rows.XColumns, rows.YColumns), rows.YColumns);
        var joint = SymmetricMatrix.LogDeterminant(covariance, columns);
        if (double.IsNaN(x + y + joint))
            return Refuse(request, "the covariance is singular (columns depend on each other); use exact where rows repeat, else mixed-ksg or mine-ema");

        var degrees = rows.Count - 1;
        var bias = shrinks ? 0 : (Bias(rows.XColumns, degrees) + Bias(rows.YColumns, degrees) - Bias(columns, degrees)) / 2;
        return Describe(request, ((x + y - joint) / 2 - bias) / Math.Log(2));
    }

    private static double Bias(int dimensions, double degrees)
    {
        var bias = dimensions * Math.Log(2 / degrees);
        for (var i = 1; i <= dimensions; i++)
            bias += SpecialFunctions.Digamma((degrees - i + 1) / 2);
        return bias;
    }

    private static double[] Join(PairedRows rows)
    {
        var columns = rows.XColumns + rows.YColumns;
        var both = new double[rows.Count * columns];
        for (var row = 0; row < rows.Count; row++)
        {
            rows.X.AsSpan(row * rows.XColumns, rows.XColumns).CopyTo(both.AsSpan(row * columns));
            rows.Y.AsSpan(row * rows.YColumns, rows.YColumns).CopyTo(both.AsSpan(row * columns + rows.XColumns));
        }

        return both;
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
