using Emergence.Information.Statistics;
using Emergence.Measurement.Results;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>
/// Whether two runs order the layers of a model alike by what noise leaves: Spearman's correlation of IE at sigma 1 and of the noise that
/// halves it. Runs of other draws, halves of the data or texts say by it how much of the order is the model's.
/// </summary>
internal static class LayerOrderTable
{
    /// <summary>There is no order to speak of among fewer.</summary>
    private const int LeastLayers = 3;

    /// <summary>What the table is.</summary>
    public const string Meaning = "whether both have the layers in the same order by these two numbers: Spearman's rank correlation.";

    /// <summary>No rows if the runs are of models with other layers, or one was not read through noise, or in other units.</summary>
    public static Table Of((string Name, RunResults Run) first, (string Name, RunResults Run) second)
    {
        var table = new Table(TableColumn.Text("first"), TableColumn.Text("second"), TableColumn.Integer("tokens"),
            TableColumn.Integer("layers"), TableColumn.Spread("ie_1_rho", 3), TableColumn.Spread("ie_1_rho_lo", 3),
            TableColumn.Spread("ie_1_rho_hi", 3), TableColumn.Spread("sigma_half_rho", 3), TableColumn.Spread("sigma_half_rho_lo", 3),
            TableColumn.Spread("sigma_half_rho_hi", 3));
        if (first.Run.Layers != second.Run.Layers || first.Run.Noise != second.Run.Noise)
            return table;
        var ofSecond = new NoiseResults(second.Run).Rows.ToDictionary(row => (row.Boundary, row.Tokens));
        foreach (var tokens in new NoiseResults(first.Run).Rows.Where(row => row.Tokens > 1).GroupBy(row => row.Tokens)
            .OrderBy(rows => rows.Key))
        {
            var both = tokens.Where(row => ofSecond.ContainsKey((row.Boundary, row.Tokens)))
                .Select(row => (First: row, Second: ofSecond[(row.Boundary, row.Tokens)])).ToList();
            if (both.Count < LeastLayers)
                continue;
            var (left, half) = (Correlation(row => row.AtOne.Mean), Correlation(row => row.Half.Sigma));
            table.Add(first.Name, second.Name, tokens.Key, both.Count, left.Rho, left.Low, left.High, half.Rho, half.Low, half.High);

            RankCorrelation Correlation(Func<NoiseRow, double> value) =>
                RankCorrelation.Of([.. both.Select(pair => value(pair.First))], [.. both.Select(pair => value(pair.Second))]);
        }

        return table;
    }
}
