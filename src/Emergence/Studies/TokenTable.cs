using Emergence.Measurement.Results;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>E(T) of runs beside each other, a row a token.</summary>
internal static class TokenTable
{
    public static Table Of(IReadOnlyList<(string Model, RunResults Results)> runs)
    {
        var table = new Table(TableColumn.Text("model"), TableColumn.Integer("tokens"), TableColumn.Text("ends_with"),
            TableColumn.Number("e_bits", 3), TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Number("exact_bits", 3));
        foreach (var (model, results) in runs)
        {
            foreach (var mean in results.Means)
                table.Add(model, mean.Tokens, results.Labels[mean.Tokens - 1], mean.Bits.Mean, TableCell.Known(mean.Bits.Low),
                    TableCell.Known(mean.Bits.High), mean.ExactBits);
        }

        return table;
    }
}
