namespace Emergence.Information.Gaussian;

/// <summary>
/// Whether a combination of y's columns is a combination of x's columns: the joint covariance then has a smaller rank
/// than its two blocks together, and the information of continuous data is infinite.
/// </summary>
internal static class LinearDependence
{
    /// <summary>More columns make the covariances too dear for a check.</summary>
    private const int MaxColumns = 1024;

    /// <summary>Rows of distinct values; with fewer than two rows a column nothing can be told, nor if values are rounded or
    /// names.</summary>
    public static bool IsExact(PairedRows rows)
    {
        var columns = rows.XColumns + rows.YColumns;
        if (rows.IsRounded || rows.HasLabels || rows.XColumns == 0 || rows.YColumns == 0 || columns > MaxColumns
            || rows.Repeats.Length < 2 * columns)
            return false;
        var covariance = SymmetricMatrix.Covariance(rows.Join(), columns, rows.Repeats);
        var x = SymmetricMatrix.Rank(SymmetricMatrix.Block(covariance, columns, 0, rows.XColumns), rows.XColumns);
        var y = SymmetricMatrix.Rank(SymmetricMatrix.Block(covariance, columns, rows.XColumns, rows.YColumns), rows.YColumns);
        return SymmetricMatrix.Rank(covariance, columns) < x + y;
    }
}
