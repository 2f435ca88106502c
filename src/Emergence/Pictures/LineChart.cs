using Emergence.Tables;

namespace Emergence.Pictures;

/// <summary>One point of a curve, with the ends of its interval if it has one. A value that is not finite breaks the curve.</summary>
public readonly record struct LinePoint(double X, double Y, double Low = double.NaN, double High = double.NaN)
{
    internal bool Known => double.IsFinite(Y);

    internal bool HasInterval => double.IsFinite(Low) && double.IsFinite(High);
}

/// <summary>One curve. Two curves that belong together, such as an estimate and its exact value, share a colour and differ in
/// dashes.</summary>
public sealed record LineSeries(string Name, IReadOnlyList<LinePoint> Points, int Color, bool Dashed = false)
{
    /// <summary>False if the title or another entry already explains the curve.</summary>
    public bool InLegend { get; init; } = true;
}

/// <summary>Curves with intervals over layers or tokens.</summary>
public sealed class LineChart
{
    public required string Title { get; init; }

    public required string YCaption { get; init; }

    public required string XCaption { get; init; }

    public required IReadOnlyList<LineSeries> Series { get; init; }

    /// <summary>Unit of y in tooltips.</summary>
    public required string Unit { get; init; }

    /// <summary>Names along x; empty: whole numbers.</summary>
    public IReadOnlyList<(double X, string Label)> XLabels { get; init; } = [];

    /// <summary>A column of its own behind the numbers along x, with its name, for what has no place among them.</summary>
    public (double X, string Label)? Beyond { get; init; }

    /// <summary>Vertical borders with names, e.g. the end of a shot.</summary>
    public IReadOnlyList<(double X, string Label)> Borders { get; init; } = [];

    public SvgFigure Draw()
    {
        var points = Series.SelectMany(s => s.Points).ToList();
        var xs = points.Select(p => p.X).Concat(XLabels.Select(l => l.X)).DefaultIfEmpty(0).ToList();
        var margin = XLabels.Count > 0 ? 0.5 : 0; // half a step, so that the outer names stand inside
        var frame = new PlotFrame(
            Title, YCaption, Series.Where(s => s.InLegend).Select(s => new PlotLegend(s.Name, s.Color, s.Dashed)).ToList(),
            points.SelectMany(p => new[] { p.Y, p.Low, p.High }), (xs.Min() - margin, xs.Max() + margin));
        foreach (var (x, label) in Borders)
            frame.VerticalMark(x, label);
        foreach (var series in Series)
            DrawBand(frame, series);
        foreach (var series in Series)
            DrawCurve(frame, series);
        if (XLabels.Count == 0)
        {
            frame.NumberAxis(Beyond);
            return frame.Finish(20, XCaption);
        }

        return frame.Finish(frame.WordAxis(XLabels), XCaption);
    }

    private static void DrawBand(PlotFrame frame, LineSeries series)
    {
        foreach (var run in Runs(series.Points, p => p.Known && p.HasInterval))
        {
            var upper = run.Select(p => (frame.X(p.X), frame.Y(p.High)));
            var lower = run.AsEnumerable().Reverse().Select(p => (frame.X(p.X), frame.Y(p.Low)));
            if (run.Count > 1)
                frame.Canvas.Polyline([.. upper, .. lower], $"band f{series.Color % SvgFigure.SeriesColors}", closed: true);
            foreach (var p in run)
                frame.Canvas.Line(frame.X(p.X), frame.Y(p.Low), frame.X(p.X), frame.Y(p.High), $"s{series.Color % SvgFigure.SeriesColors}");
        }
    }

    private void DrawCurve(PlotFrame frame, LineSeries series)
    {
        var color = series.Color % SvgFigure.SeriesColors;
        foreach (var run in Runs(series.Points, p => p.Known))
            frame.Canvas.Polyline(run.Select(p => (frame.X(p.X), frame.Y(p.Y))).ToList(), $"line s{color}{(series.Dashed ? " dash" : "")}");
        foreach (var p in series.Points.Where(p => p.Known))
        {
            var name = XLabels.FirstOrDefault(l => l.X == p.X).Label
                ?? (p.X == Beyond?.X ? Beyond?.Label : $"{XCaption} {Markup.Number(p.X)}");
            var interval = p.HasInterval ? $" [{TableCell.Fixed(p.Low, 3)}, {TableCell.Fixed(p.High, 3)}]" : "";
            frame.Canvas.Circle(
                frame.X(p.X), frame.Y(p.Y), series.Dashed ? 2
                    : 3, $"f{color}", $"{series.Name}, {name}: {TableCell.Fixed(p.Y, 3)}{interval} {Unit}");
        }
    }

    private static IEnumerable<List<LinePoint>> Runs(IReadOnlyList<LinePoint> points, Func<LinePoint, bool> drawn)
    {
        List<LinePoint> run = [];
        foreach (var point in points)
        {
            if (drawn(point))
            {
                run.Add(point);
                continue;
            }

            if (run.Count > 0)
                yield return run;
            run = [];
        }

        if (run.Count > 0)
            yield return run;
    }
}
