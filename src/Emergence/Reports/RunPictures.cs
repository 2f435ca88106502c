using System.Globalization;
using Emergence.Capture;
using Emergence.Devices;
using Emergence.Information;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>The pictures of a run. Layers go up, tokens go to the right.</summary>
internal sealed class RunPictures(RunSummary run)
{
    private const string Unit = "bits";

    // More curves than this in one plot cannot be told apart.
    private const int MostCurves = 4;

    // A shortfall is drawn against at least this, so that noise does not look like a pattern.
    private const double LeastShortfall = 0.1;

    private static readonly (CellMark Mark, string Meaning, Verdict Verdict)[] Marks =
    [
        (CellMark.Dot, "below exact: what this critic resolves", Verdict.BelowExact),
        (CellMark.Ring, "at ceiling: says more about N than about the data", Verdict.AtCeiling),
        (CellMark.Stripes, "unreliable: do not trust", Verdict.Unreliable),
        (CellMark.Cross, "failed: no value", Verdict.Failed),
    ];

    /// <summary>IE(l, T): columns are numbers of tokens, named by the token that T ends with.</summary>
    /// <param name="title">Where the picture stands beside those of other runs.</param>
    /// <param name="range">Range of the colours, if several pictures share them.</param>
    public SvgFigure Emergence(string title = "Information emergence IE by layer and token", (double Low, double High)? range = null)
    {
        var tokens = run.Results.Means.Select(m => m.Tokens).ToList();
        var rows = run.Results.Emergence.ToDictionary(r => (r.Boundary, r.Tokens));
        return Map(title, [.. tokens.Select(t => t - 1)], (layer, position) =>
        {
            if (!run.IsMeasured(layer, position + 1))
                return Missing(layer, position);
            if (!rows.TryGetValue((layer, position + 1), out var row))
                return new(double.NaN, CellMark.Cross, $"{Place(layer, position)}: IE has no value, a cell it needs failed");
            var interval = double.IsNaN(row.Bits.Low) ? "" : $" [{Fixed(row.Bits.Low)}, {Fixed(row.Bits.High)}]";
            return new(row.Bits.Mean, MarkOf(row.Verdict),
                $"{Place(layer, position)}: IE {Fixed(row.Bits.Mean)}{interval} bits, exact {Fixed(row.ExactBits)}, {row.Verdict.Word()}");
        }, range);
    }

    public SvgFigure Information(CaptureKind kind)
    {
        var title = kind == CaptureKind.Macro ? "Macro: MI of the whole prefix" : "Micro: MI of every token alone";
        var high = run.Means.Select(m => m.Mean.Bits).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        return Map(title, run.Positions, (layer, position) => Cell(kind, layer, position, mean => mean.Bits), (0, high));
    }

    /// <summary>How far the macro estimates stay below the exact values.</summary>
    public SvgFigure Shortfall()
    {
        var gaps = run.Means.Where(m => m.Cell.Kind == CaptureKind.Macro).Select(m => m.Mean.ExactBits - m.Mean.Bits).Where(double.IsFinite)
            .DefaultIfEmpty(0).ToList();
        return Map(
            "Macro: exact minus estimate", run.Positions, (layer, position) =>
                Cell(CaptureKind.Macro, layer, position, mean => mean.ExactBits - mean.Bits),
            (Math.Min(0, gaps.Min()), Math.Max(LeastShortfall, gaps.Max())), digits: 2);
    }

    /// <summary>E(T) with its interval beside the exact one.</summary>
    public SvgFigure ByToken()
    {
        var estimate = run.Results.Means.Select(m => new LinePoint(m.Tokens, m.Bits.Mean, m.Bits.Low, m.Bits.High)).ToList();
        var exact = run.Results.Means.Select(m => new LinePoint(m.Tokens, m.ExactBits)).ToList();
        LineSeries[] series = [new($"E(T), {run.Results.Estimator}", estimate, 0), new("exact", exact, 1, Dashed: true)];
        return new LineChart
        {
            Title = "E(T): mean IE over layers, after each token",
            YCaption = "E(T) [bits]",
            XCaption = "T ends with this token",
            Unit = Unit,
            Series = run.IsExact ? series[..1] : series,
            XLabels = [.. run.Results.Means.Select(m => ((double)m.Tokens, run.Label(m.Tokens - 1)))],
            Borders = [.. run.Results.Means.Where(m => m.Shot > 0).Select(m => (m.Tokens + 0.5, $"shot {m.Shot}"))],
        }.Draw();
    }

    /// <summary>IE by layer at the ends of shots, or spread over the tokens if there are none.</summary>
    public SvgFigure ByLayer()
    {
        var ends = run.Results.Means.Where(m => m.Shot > 0).Select(m => m.Tokens).ToList();
        if (ends.Count == 0)
            ends = [.. run.Results.Means.Select(m => m.Tokens)];
        var every = Ceiling.Of(ends.Count, MostCurves);
        var shown = ends.Where((_, i) => (ends.Count - 1 - i) % every == 0).ToList();
        var series = shown.SelectMany((tokens, color) => Curves(tokens, color)).ToList();
        return new LineChart
        {
            Title = "IE by layer: estimate, and exact in dashes",
            YCaption = "IE [bits]",
            XCaption = "layer",
            Unit = Unit,
            Series = series,
        }.Draw();
    }

    public SvgFigure Steps() => new BarChart
    {
        Title = "What each token adds: E(T) - E(T-1)",
        YCaption = "bits",
        Unit = Unit,
        XCaption = "T ends with this token",
        Bars = [.. run.Steps.Select(s =>
            new Bar(run.Label(s.Tokens - 1), s.Bits, Color: run.Results.ShotLength > 0 ? (s.Tokens - 1) / run.Results.ShotLength : 0))],
    }.Draw();

    private static string Fixed(double value) => TableCell.Fixed(value, 3);

    private static CellMark MarkOf(Verdict verdict) => Marks.FirstOrDefault(m => m.Verdict == verdict).Mark;

    private static HeatmapCell Missing(int layer, int position) =>
        new(double.NaN, CellMark.None, $"layer {layer}, token {position + 1}: not measured");

    private string Place(int layer, int position) =>
        $"layer {layer}, {run.Label(position)} (for example \u201c{run.Token(position)}\u201d)";

    private IEnumerable<LineSeries> Curves(int tokens, int color)
    {
        var rows = run.Results.Emergence.Where(r => r.Tokens == tokens).ToList();
        yield return new($"T = {tokens}", [.. rows.Select(r => new LinePoint(r.Boundary, r.Bits.Mean, r.Bits.Low, r.Bits.High))], color);
        if (!run.IsExact)
            yield return new($"T = {tokens}, exact", [.. rows.Select(r => new LinePoint(r.Boundary, r.ExactBits))], color,
                Dashed: true) { InLegend = false };
    }

    private HeatmapCell Cell(CaptureKind kind, int layer, int position, Func<SeedMean, double> value)
    {
        if (run.At(kind, layer, position) is not { } mean)
            return Missing(layer, position);
        var spread = double.IsNaN(mean.SdBits) ? "" : $" (SD {Fixed(mean.SdBits)} over {mean.Seeds} seeds)";
        var tooltip =
            $"{Place(layer, position)}: {run.Results.Estimator} {Fixed(mean.Bits)}{spread}, exact {Fixed(mean.ExactBits)} bits, "
            + $"{mean.Verdict.Word()}";
        return new(value(mean), MarkOf(mean.Verdict), tooltip);
    }

    private SvgFigure Map(
        string title, IReadOnlyList<int> positions, Func<int, int, HeatmapCell> cell, (double Low, double High)? range = null,
            int digits = 1)
    {
        var cells = new HeatmapCell[run.Layers.Count, positions.Count];
        for (var row = 0; row < run.Layers.Count; row++)
        {
            for (var column = 0; column < positions.Count; column++)
                cells[row, column] = cell(run.Layers[row], positions[column]);
        }

        var present = cells.Cast<HeatmapCell>().Select(c => c.Mark).ToHashSet();
        return new Heatmap
        {
            Title = title,
            Unit = Unit,
            Digits = digits,
            Rows = [.. run.Layers.Select(l => l.ToString(CultureInfo.InvariantCulture))],
            Columns = [.. positions.Select(run.Token)],
            ColumnCaption = "tokens of the first sequence, as an example",
            Cells = cells,
            Range = range,
            Groups = Shots(positions),
            Legend = [.. Marks.Where(m => present.Contains(m.Mark)).Select(m => (m.Mark, m.Meaning))],
        }.Draw();
    }

    private List<(string Name, int Columns)> Shots(IReadOnlyList<int> positions) => run.Results.ShotLength == 0
        ? []
        : [.. positions.GroupBy(p => p / run.Results.ShotLength).Select(g => ($"shot {g.Key + 1}", g.Count()))];
}
