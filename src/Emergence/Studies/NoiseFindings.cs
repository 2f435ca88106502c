using Emergence.Information;
using Emergence.Measurement.Results;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>What noise leaves of the runs of a study: the part of a finding that depends on the model.</summary>
internal static class NoiseFindings
{
    /// <summary>E(T) at sigma 1 and the noise that halves it, a row for each number of tokens, or each shot if there are any.</summary>
    public static IEnumerable<NamedTable> Tables(IReadOnlyList<(string Model, RunResults Results)> runs)
    {
        var table = new Table(TableColumn.Number("sigma", 3), TableColumn.Text("model"), TableColumn.Integer("tokens"),
            TableColumn.Number("left_bits", 3), TableColumn.Spread("left_lo", 3), TableColumn.Spread("left_hi", 3),
            TableColumn.Spread("sigma_half", 3), TableColumn.Spread("half_lo", 3), TableColumn.Spread("half_hi", 3),
            TableColumn.Number("limit_bits", 3), TableColumn.Number("sd_layers_bits", 3));
        foreach (var (model, results) in runs)
        {
            foreach (var mean in Means(results))
                table.Add(NoisyChannel.Sigma, model, mean.Tokens, mean.AtOne.Mean, mean.AtOne.Low, mean.AtOne.High,
                    mean.Half.Sigma, mean.Half.Low, mean.Half.High, mean.LimitBits, mean.SdLayers);
        }

        return table.Rows.Count == 0 ? []
            : [new("noise", "What noise as large as the states leaves of E(T) (sigma 1), and the noise that halves it", table)];
    }

    /// <summary>Models by what they have after the last token, the most first; none if one was not read through noise.</summary>
    public static IReadOnlyList<string> Ranking(IReadOnlyList<(string Model, RunResults Results)> runs)
    {
        var last = runs.Select(run => (run.Model, Mean: Means(run.Results).LastOrDefault())).ToList();
        if (last.Any(run => run.Mean == null))
            return [];
        var ranked = last.OrderByDescending(run => run.Mean!.AtOne.Mean).Select(run =>
            $"{run.Model} has {TableCell.Fixed(run.Mean!.AtOne.Mean, 2)} bits ({TableCell.Fixed(run.Mean.LimitBits, 2)} without noise; "
            + $"{NoiseWords.HalfGone(run.Mean.Half)})");
        return [$"With noise as large as the states, {string.Join(", ", ranked)}."];
    }

    /// <summary>Whether what is left grows from one shot to the next, a sentence a model.</summary>
    public static IEnumerable<string> Growth(IReadOnlyList<(string Model, RunResults Results)> runs)
    {
        foreach (var (model, results) in runs)
        {
            var shots = Means(results).Where(mean => !double.IsNaN(mean.GainBits)).ToList();
            if (shots.Count == 0)
                continue;
            var growing = shots.Count(mean => mean.GainBits > 0);
            yield return $"With noise as large as the states, E(T) of {model} is {TableCell.Fixed(shots[^1].AtOne.Mean, 2)} bits at the "
                + $"last shot ({TableCell.Fixed(shots[^1].LimitBits, 2)} without noise) and grows at {growing} of "
                + $"{shots.Count} shots after the first.";
        }
    }

    private static IReadOnlyList<NoiseMean> Means(RunResults results)
    {
        var means = new NoiseResults(results).Means;
        var ends = results.ShotLength > 0 ? means.Where(mean => mean.Tokens % results.ShotLength == 0).ToList() : [];
        return ends.Count > 0 ? ends : means;
    }
}
