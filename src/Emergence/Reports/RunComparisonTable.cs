using Emergence.Measurement.Results;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>Verdicts of one run against another as a table.</summary>
internal static class RunComparisonTable
{
    public static Table Empty() => new(
        TableColumn.Text("first"), TableColumn.Text("second"), TableColumn.Integer("tokens"), TableColumn.Number("first_bits", 3),
            TableColumn.Number("second_bits", 3), TableColumn.Number("difference_bits", 3), TableColumn.Number("lo", 3),
            TableColumn.Number("hi", 3), TableColumn.Text("first_is"));

    public static void AddTo(Table table, string first, string second, IReadOnlyList<ComparedMean> comparisons)
    {
        foreach (var row in comparisons)
            table.Add(first, second, row.Tokens, row.First.Mean, row.Second.Mean, row.Difference.Mean,
                TableCell.Defined(row.Difference.Low), TableCell.Defined(row.Difference.High), row.Verdict.Word());
    }
}
