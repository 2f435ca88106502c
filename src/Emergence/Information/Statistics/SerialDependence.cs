using System.Globalization;
using Emergence.Information.Exact;

namespace Emergence.Information.Statistics;

/// <summary>
/// Whether rows follow each other. Where both sides do, rows next to each other are no independent observations: estimates
/// read high and intervals are too narrow, by (1 + r_x r_y) / (1 - r_x r_y) in the number of rows.
/// </summary>
internal static class SerialDependence
{
    /// <summary>Standard errors of a correlation between neighbours in a file that chance does not make.</summary>
    private const double Sure = 4;

    /// <summary>Smallest share by which the rows count for less that is worth a word.</summary>
    private const double MinInflation = 1.2;

    /// <param name="x">Columns of x in the order of the rows.</param>
    /// <param name="y">Columns of y.</param>
    /// <param name="window">Rows so near in their order are left out of account already.</param>
    public static string? Find(IReadOnlyList<SideColumn> x, IReadOnlyList<SideColumn> y, int window)
    {
        var rows = x[0].Codes.Length;
        if (rows < 20 || x.Concat(y).Any(IsSorted))
            return null;
        var (ofX, ofY) = (x.Max(column => Correlation(column, window + 1)), y.Max(column => Correlation(column, window + 1)));
        var least = Sure / Math.Sqrt(rows);
        return ofX > least && ofY > least && (1 + ofX * ofY) / (1 - ofX * ofY) > MinInflation
            ? string.Create(CultureInfo.InvariantCulture, 
                $"rows follow each other (correlation with the {(window == 0 ? "next" : $"{window + 1}th next")}: {ofX:0.00} in x, "
                + $"{ofY:0.00} in y): fewer observations than rows; see --exclude and --permutations")
            : null;
    }

    /// <summary>A file in the order of one of its columns says nothing about time.</summary>
    private static bool IsSorted(SideColumn column)
    {
        var (rises, falls) = (true, true);
        for (var row = 1; row < column.Codes.Length; row++)
            (rises, falls) = (rises && column.Codes[row] >= column.Codes[row - 1], falls && column.Codes[row] <= column.Codes[row - 1]);
        return column.Levels > 1 && (rises || falls);
    }

    /// <summary>Correlation of the ranks of a row and of one so many further on; for labels, how far beyond chance they agree.</summary>
    private static double Correlation(SideColumn column, int lag)
    {
        var rows = column.Codes.Length;
        if (lag >= rows - 1 || column.Levels < 2)
            return 0;
        if (column.Kind == ColumnKind.Labels)
        {
            var chance = column.Codes.GroupBy(code => code).Sum(group => Math.Pow((double)group.Count() / rows, 2));
            var same = Enumerable.Range(0, rows - lag).Count(row => column.Codes[row] == column.Codes[row + lag]) / (double)(rows - lag);
            return chance < 1 ? (same - chance) / (1 - chance) : 0;
        }

        var mean = column.Codes.Average();
        double variance = 0, shared = 0;
        for (var row = 0; row < rows; row++)
        {
            variance += Math.Pow(column.Codes[row] - mean, 2);
            shared += row + lag < rows ? (column.Codes[row] - mean) * (column.Codes[row + lag] - mean) : 0;
        }

        return shared / variance;
    }
}
