using Emergence.Tables;

namespace Emergence.Pictures;

/// <summary>One bar from zero, with an interval if there is one. Bars of one colour belong together.</summary>
public readonly record struct Bar(string Label, double Value, double Low = double.NaN, double High = double.NaN, int Color = 0);

/// <summary>Bars side by side, e.g. what each shot adds.</summary>
public sealed class BarChart
{
    public required string Title { get; init; }

    public required string YCaption { get; init; }

    public required string Unit { get; init; }

    public required IReadOnlyList<Bar> Bars { get; init; }

    public string XCaption { get; init; } = "";

    /// <summary>What each colour means; empty when there is one colour.</summary>
    public IReadOnlyList<(string Name, int Color)> Legend { get; init; } = [];

    public int Digits { get; init; } = 2;

    public SvgFigure Draw()
    {
        var frame = new PlotFrame(
            Title, YCaption, Legend.Select(l => new PlotLegend(l.Name, l.Color, false)).ToList(),
            Bars.SelectMany(b => new[] { b.Value, b.Low, b.High }), (-0.5, Math.Max(Bars.Count, 1) - 0.5));
        var width = Math.Min(0.7 * (frame.X(1) - frame.X(0)), 64);
        for (var i = 0; i < Bars.Count; i++)
            DrawBar(frame, i, width);
        return frame.Finish(frame.WordAxis(Bars.Select((b, i) => ((double)i, b.Label)).ToList()), XCaption);
    }

    private void DrawBar(PlotFrame frame, int i, double width)
    {
        var bar = Bars[i];
        if (!double.IsFinite(bar.Value))
            return;
        var (x, zero, end) = (frame.X(i), frame.Y(0), frame.Y(bar.Value));
        var value = TableCell.Fixed(bar.Value, Digits);
        var hasInterval = double.IsFinite(bar.Low) && double.IsFinite(bar.High);
        var interval = hasInterval ? $" [{TableCell.Fixed(bar.Low, Digits + 1)}, {TableCell.Fixed(bar.High, Digits + 1)}]" : "";
        frame.Canvas.Rect(
            x - width / 2, Math.Min(zero, end), width, Math.Abs(end - zero), $"bar f{bar.Color % SvgFigure.SeriesColors}",
            tooltip: $"{bar.Label}: {value}{interval} {Unit}");
        if (hasInterval)
            frame.Canvas.Line(x, frame.Y(bar.Low), x, frame.Y(bar.High), "axis");
        var top = hasInterval ? Math.Min(end, frame.Y(bar.High)) : end;
        if (Labels.Width(value, 11) <= frame.X(1) - frame.X(0) - 2)
            frame.Canvas.Text(x, Math.Min(top, zero) - 4, value, 11, SvgAnchor.Middle);
    }
}
