using Emergence.Information;
using Emergence.Measurement.Results;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>One run against another through noise, as a table: what is left at sigma 1, and the noise that halves each.</summary>
internal static class NoiseComparisonTable
{
    public static Table Empty() => new(
        TableColumn.Number("sigma", 3), TableColumn.Text("first"), TableColumn.Text("second"), TableColumn.Integer("tokens"),
        TableColumn.Number("first_left_bits", 3), TableColumn.Number("second_left_bits", 3), TableColumn.Number("difference_bits", 3),
        TableColumn.Spread("lo", 3), TableColumn.Spread("hi", 3), TableColumn.Text("first_is"),
        TableColumn.Spread("first_sigma_half", 3), TableColumn.Spread("second_sigma_half", 3));

    /// <summary>Nothing if one of the runs was not read through noise, or in other units.</summary>
    public static void AddTo(Table table, (string Name, RunResults Run) first, (string Name, RunResults Run) second)
    {
        var (one, other) = (new NoiseResults(first.Run), new NoiseResults(second.Run));
        if (one.One == null || other.One == null || first.Run.Noise != second.Run.Noise)
            return;
        foreach (var row in RunComparison.Of(one.One, other.One))
            table.Add(NoisyChannel.Sigma, first.Name, second.Name, row.Tokens, row.First.Mean, row.Second.Mean, row.Difference.Mean,
                row.Difference.Low, row.Difference.High, row.Verdict.Word(), Half(one, row.Tokens), Half(other, row.Tokens));
    }

    private static double Half(NoiseResults run, int tokens) => run.Means.First(mean => mean.Tokens == tokens).Half.Sigma;
}
