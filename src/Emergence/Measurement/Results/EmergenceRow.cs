using Emergence.Capture;
using Emergence.Information;
using Emergence.Information.Statistics;
using Emergence.Measurement.Grid;

namespace Emergence.Measurement.Results;

/// <summary>
/// IE(l, T) = I_macro(l, T-1) - mean over t &lt; T of I_micro-t(l), in bits. Macro and micro cells of one seed share
/// sequences and random streams, so the difference is taken within a seed before anything is averaged.
/// </summary>
/// <param name="Boundary">l.</param>
/// <param name="Tokens">T.</param>
/// <param name="Bits">Mean over seeds with its 95 % interval.</param>
/// <param name="ExactBits">The same difference of the exact values.</param>
/// <param name="Verdict">The worst of the cells that it stands on, of all seeds: also of one that has no value.</param>
public sealed record EmergenceRow(int Boundary, int Tokens, Interval Bits, double ExactBits, Verdict Verdict)
{
    internal static EmergenceRow Of(IEnumerable<EmergenceValue> seeds, IReadOnlyList<CellResult> cells)
    {
        var values = seeds.ToList();
        var first = values[0];
        return new EmergenceRow(first.Boundary, first.Tokens, EmergenceValue.Summarise(values, first.SamplingError),
            first.ExactBits, Worst(first, cells));
    }

    private static Verdict Worst(EmergenceValue value, IReadOnlyList<CellResult> cells) => cells
        .Where(cell => cell.Cell.Boundary == value.Boundary
            && (cell.Cell.Kind == CaptureKind.Macro ? cell.Cell.Position == value.Tokens - 1 : cell.Cell.Position < value.Tokens))
        .Max(cell => cell.Information.Verdict);
}

/// <summary>E(T): the mean of IE(l, T) over the boundaries measured.</summary>
/// <param name="Tokens">T.</param>
/// <param name="Bits">Mean over boundaries, then over seeds, with its 95 % interval.</param>
/// <param name="ExactBits">The same of the exact values.</param>
/// <param name="Verdict">The worst of the boundaries'.</param>
/// <param name="SdLayers">SD over boundaries of the mean over seeds: a property of the model, not an error.</param>
/// <param name="Shot">Which shot ends at T; 0 where none does.</param>
/// <param name="GainBits">dE = E(T of this shot) - E(T of the shot before); NaN where either is not there.</param>
public sealed record EmergenceMean(int Tokens, Interval Bits, double ExactBits, Verdict Verdict, double SdLayers, int Shot, double GainBits)
{
    internal static EmergenceMean Of(
        IEnumerable<EmergenceValue> valuesOfTokens, IEnumerable<EmergenceRow> rows, int shotLength, IReadOnlyList<EmergenceMean> before)
    {
        var values = valuesOfTokens.ToList();
        var tokens = values[0].Tokens;
        var shot = shotLength > 0 && tokens % shotLength == 0 ? tokens / shotLength : 0;

        // The sequences are the same at every boundary, and so is the noise: errors move together and do not average out.
        var seeds = values.GroupBy(value => value.Seed).Select(seed => seed.First() with
        {
            Bits = seed.Average(value => value.Bits),
            OwnError = seed.Average(value => value.OwnError),
        }).ToList();
        var layers = values.GroupBy(value => value.Boundary).Select(layer => layer.Average(value => value.Bits)).ToList();
        var bits = EmergenceValue.Summarise(seeds, values.Average(value => value.SamplingError));
        var last = before.FirstOrDefault(mean => mean.Shot > 0 && mean.Shot == shot - 1);
        return new EmergenceMean(tokens, bits, values.Average(value => value.ExactBits), rows.Max(row => row.Verdict),
            StandardDeviation.Of(layers), shot, last == null ? double.NaN : bits.Mean - last.Bits.Mean);
    }
}

/// <summary>IE(l, T) of one seed.</summary>
/// <param name="Boundary">l.</param>
/// <param name="Tokens">T.</param>
/// <param name="Seed">Of the cells.</param>
/// <param name="Bits">The value.</param>
/// <param name="ExactBits">The same of the exact values.</param>
/// <param name="SamplingError">From the sequences being a sample.</param>
/// <param name="OwnError">From what the seed draws; NaN where only other seeds can tell.</param>
/// <param name="IsRandom">Whether another seed has another value.</param>
internal sealed record EmergenceValue(int Boundary, int Tokens, ulong Seed, double Bits, double ExactBits, double SamplingError,
    double OwnError, bool IsRandom)
{
    /// <summary>Every difference whose macro cell and all micro cells have values, by boundary, tokens, seed.</summary>
    public static IEnumerable<EmergenceValue> Compute(IReadOnlyList<CellResult> cells)
    {
        var known = cells.Where(cell => !double.IsNaN(cell.Information.MiBits)).ToDictionary(cell => cell.Cell, cell => cell.Information);
        foreach (var macro in cells.Where(cell => cell.Cell.Kind == CaptureKind.Macro && known.ContainsKey(cell.Cell))
            .OrderBy(cell => cell.Cell))
        {
            var tokens = macro.Cell.Position + 1;
            var micro = new List<MutualInformation>();
            for (var t = 0; t < tokens && known.TryGetValue(macro.Cell with { Kind = CaptureKind.Micro, Position = t }, out var cell); t++)
                micro.Add(cell);
            if (micro.Count < tokens)
                continue;
            yield return new EmergenceValue(
                macro.Cell.Boundary,
                tokens,
                macro.Cell.Seed,
                macro.Information.MiBits - micro.Average(cell => cell.MiBits),
                macro.Information.ExactBits - micro.Average(cell => cell.ExactBits),
                macro.SamplingError,
                macro.EmergenceError,
                EstimatorTable.Find(macro.Cell.Estimator).IsRandom);
        }
    }

    public static Interval Summarise(IReadOnlyList<EmergenceValue> seeds, double samplingError)
    {
        double[] bits = [.. seeds.Select(seed => seed.Bits)];
        return !seeds[0].IsRandom ? Intervals.OfExact(bits[0], samplingError)
            : seeds.All(seed => !double.IsNaN(seed.OwnError))
                ? Intervals.OfKnown(bits, [.. seeds.Select(seed => seed.OwnError)], samplingError)
            : Intervals.OfSeeds(bits, samplingError);
    }
}
