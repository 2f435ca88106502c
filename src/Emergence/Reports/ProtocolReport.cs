using Emergence.Capture;
using Emergence.Measurement.Results;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>The gap of the published protocol to the exact value as table, sentences and pictures.</summary>
public sealed class ProtocolReport
{
    private const string Unit = "bits";
    private readonly IReadOnlyList<ProtocolGap> _gaps;
    private readonly IReadOnlyList<string> _labels;

    public ProtocolReport(RunResults results)
    {
        ArgumentNullException.ThrowIfNull(results);
        (_gaps, _labels) = (ProtocolGap.Of(results), results.Labels);
    }

    /// <summary>One row a cell: the gap, its parts, and what is known of the shuffles.</summary>
    public Table Cells
    {
        get
        {
            var table = new Table(
                TableColumn.Text("kind"), TableColumn.Integer("boundary"), TableColumn.Integer("position"), TableColumn.Integer("seed"),
                    TableColumn.Number("exact_bits", 3), TableColumn.Number("mi_bits", 3),
                TableColumn.Number("gap_bits", 3), TableColumn.Number("maximum_bits", 3), TableColumn.Number("coincidences_bits", 3),
                    TableColumn.Number("critic_bits", 3), TableColumn.Number("slice_bits", 3),
                TableColumn.Number("mu", 1), TableColumn.Number("mean_f", 1), TableColumn.Integer("f_of_maximum"),
                    TableColumn.Integer("steps_f_0"), TableColumn.Number("slope", 2),
                TableColumn.Integer("overflow_steps"), TableColumn.Integer("first_overflow"));
            foreach (var gap in _gaps)
            {
                var ((kind, boundary, position, _, seed), cell, trace) = (gap.Cell, gap.Information, gap.Trace);
                TableCell slope = double.IsNaN(trace.Slope) ? TableCell.Empty : trace.Slope, first = trace.FirstOverflow < 0
                    ? TableCell.Empty : trace.FirstOverflow;
                table.Add(
                    kind.Word(), boundary, position, (long)seed, cell.ExactBits, cell.MiBits,
                    gap.Bits, gap.Maximum, gap.Coincidences, gap.Critic, gap.Slice,
                    cell.Mu, trace.MeanCoincidences, trace.MaxStepCoincidences, trace.StepsWithout, slope, trace.OverflowSteps, first);
            }

            return table;
        }
    }

    /// <summary>V by the coincidences F of a step, beside what a fitted critic reads: of every cell.</summary>
    public Table Coincidences => ByCoincidences(_gaps);

    /// <summary>Coincidences of the cell with the largest gap.</summary>
    public Table WorstCoincidences => ByCoincidences(Worst is { } gap ? [gap] : []);

    /// <summary>The gap in words, for the cell where it is largest.</summary>
    public IReadOnlyList<string> Words
    {
        get
        {
            if (Worst is not { } gap)
                return ["No cell has a value to explain."];
            var (cell, trace) = (gap.Information, gap.Trace);
            List<string> lines =
            [
                $"The largest gap: {Name(gap)} reads {Bits(cell.MiBits)}, the data hold {Bits(cell.ExactBits)} (log2 N = "
                    + $"{Bits(cell.Log2N)}): {Signed(gap.Bits)}.",
                $"{Signed(gap.Maximum)} by reporting the largest of {cell.Steps} steps (step {trace.MaxStep}) instead of the mean of the "
                    + $"last ones.",
                $"{Signed(gap.Coincidences)} by shuffling rows instead of weighing all pairs: a shuffle of "
                    + $"{Fixed(Math.Pow(2, cell.Log2N), 0)} rows leaves mu = {Fixed(cell.Mu, 1)} with their own partner in the mean "
                    + $"(found: {Fixed(trace.MeanCoincidences, 1)}), and a fitted critic reads I + log2(mu / F) where there are F. The "
                    + $"step reported had F = {trace.MaxStepCoincidences}; {trace.StepsWithout} of {trace.FittedSteps} later steps had "
                    + $"none, and nothing bounds these.",
                double.IsNaN(trace.Slope) ? "All steps had the same F, so that no slope of V can be told."
                    : $"V rises with -log2 F by {Fixed(trace.Slope, 2)} (1 for a fitted critic, 0 if F did not matter).",
                $"{Signed(gap.Critic)} by the critic: with all pairs weighed, it resolves {Bits(cell.HeldOutBits)} of the "
                    + $"{Bits(trace.SliceBits)} that its columns hold.",
                trace.SliceColumns == trace.Columns
                    ? $"None by the slice: its {trace.SliceColumns} columns are all there are."
                    : $"{Signed(gap.Slice)} by the slice: columns {trace.SliceStart} to {trace.SliceStart + trace.SliceColumns - 1} of "
                        + $"{trace.Columns}.",
                trace.FirstOverflow < 0
                    ? "None by single precision: no sum of e^T was too large for it."
                    : $"None by single precision here, because the largest T is subtracted first; the published script adds e^T as it "
                        + $"is, and from step {trace.FirstOverflow} on ({trace.OverflowSteps} steps) that sum is infinite in single "
                        + $"precision: it has no finite value there.",
            ];
            return lines;
        }
    }

    /// <summary>The pictures by file name, without ending; none if no cell has a value.</summary>
    public IReadOnlyList<(string Name, SvgFigure Figure)> Figures =>
        Worst is { } gap ? [("explain_f", ByCoincidences(gap)), ("explain_causes", Causes(gap))] : [];

    private ProtocolGap? Worst => _gaps.Where(gap => double.IsFinite(gap.Bits)).MaxBy(gap => gap.Bits);

    private static Table ByCoincidences(IEnumerable<ProtocolGap> gaps)
    {
        var table = new Table(
            TableColumn.Text("kind"), TableColumn.Integer("boundary"), TableColumn.Integer("position"), TableColumn.Integer("seed"),
                TableColumn.Number("f", 1), TableColumn.Integer("steps"),
            TableColumn.Number("mean_v_bits", 3), TableColumn.Number("max_v_bits", 3), TableColumn.Number("fitted_bits", 3));
        foreach (var gap in gaps)
        {
            foreach (var bin in gap.Trace.Bins)
            {
                TableCell fitted = bin.Coincidences > 0 ? gap.Information.ExactBits + Math.Log2(gap.Information.Mu) + bin.MinusLog2
                    : TableCell.Empty;
                table.Add(gap.Cell.Kind.Word(), gap.Cell.Boundary, gap.Cell.Position, (long)gap.Cell.Seed,
                    bin.Coincidences, bin.Steps, bin.MeanBits, bin.MaxBits, fitted);
            }
        }

        return table;
    }

    /// <summary>V by F beside what a fitted critic reads.</summary>
    private SvgFigure ByCoincidences(ProtocolGap gap)
    {
        var bins = gap.Trace.Bins.Where(bin => bin.Coincidences > 0).OrderBy(bin => bin.MinusLog2).ToList();
        var (exact, mu) = (gap.Information.ExactBits, gap.Information.Mu);
        var without = gap.Trace.Bins.Where(bin => bin.Coincidences == 0).ToList();

        // -log2 0 has no place among the others: a column behind the last one.
        var last = bins.Count > 0 ? bins[^1].MinusLog2 + 0.15 * Math.Max(1, bins[^1].MinusLog2 - bins[0].MinusLog2) : 0;
        return new LineChart
        {
            Title = $"V of a step by its coincidences F: {Name(gap)}",
            YCaption = "V, mean over steps [bits]",
            XCaption = "-log2 F: fewer coincidences to the right",
            Unit = Unit,
            Beyond = without.Count > 0 ? (last, "F = 0") : null,
            Borders = [.. without.Select(bin => (last, $"{bin.Steps} steps, V up to {Fixed(bin.MaxBits, 1)}"))],
            Series =
            [
                new("the published protocol", [.. bins.Select(bin => new LinePoint(bin.MinusLog2, bin.MeanBits))], 0),
                new("I + log2(mu / F)", [.. bins.Select(bin => new LinePoint(bin.MinusLog2, exact + Math.Log2(mu) + bin.MinusLog2))], 2,
                    Dashed: true),
                new("exact", [.. bins.Select(bin => new LinePoint(bin.MinusLog2, exact))], 1, Dashed: true),
                .. without.Select(bin => new LineSeries("mean", [new(last, bin.MeanBits)], 0) { InLegend = false }),
                .. without.Select(bin => new LineSeries("largest of F = 0", [new(last, bin.MaxBits)], 3)),
            ],
        }.Draw();
    }

    private SvgFigure Causes(ProtocolGap gap) => new BarChart
    {
        Title = $"Reported minus exact by cause: {Name(gap)}",
        YCaption = "bits",
        Unit = Unit,
        Bars =
        [
            new("maximum over steps", gap.Maximum), new("few coincidences", gap.Coincidences), new("critic", gap.Critic, Color: 2),
                new("slice", gap.Slice, Color: 2), new("in all", gap.Bits, Color: 1),
        ],
    }.Draw();

    private string Name(ProtocolGap gap) =>
        $"{gap.Cell.Kind.Word()} layer {gap.Cell.Boundary}, "
            + $"{(gap.Cell.Position < _labels.Count ? Labels.Token(_labels[gap.Cell.Position]) : $"t{gap.Cell.Position}")}, seed "
            + $"{gap.Cell.Seed}";

    private static string Bits(double value) => $"{Fixed(value, 3)} bits";

    private static string Signed(double value) => (value >= 0 ? "+" : "") + Bits(value);

    private static string Fixed(double value, int digits) => TableCell.Fixed(value, digits);
}
