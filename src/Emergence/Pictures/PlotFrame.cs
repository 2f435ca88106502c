namespace Emergence.Pictures;

/// <summary>One entry above a plot: a stroke or a box in a colour, and what it stands for.</summary>
internal readonly record struct PlotLegend(string Name, int Color, bool Dashed);

/// <summary>The title, legend, grid and axes that all plots share, and the way from data to pixels.</summary>
internal sealed class PlotFrame
{
    private const double LabelSize = 12, Left = 52, Right = 14, LongestLabel = 90;

    private readonly double _low;
    private readonly double _high;
    private readonly double _xLow;
    private readonly double _xHigh;

    /// <param name="title">Above everything.</param>
    /// <param name="yCaption">What the y axis shows, with its unit.</param>
    /// <param name="legend">Entries; none are drawn when there is only one.</param>
    /// <param name="y">Values that must be inside; those that are not finite are left out.</param>
    /// <param name="x">Range of x, ends included.</param>
    public PlotFrame(string title, string yCaption, IReadOnlyList<PlotLegend> legend, IEnumerable<double> y, (double Low, double High) x)
    {
        (_xLow, _xHigh) = x.High > x.Low ? x : (x.Low - 0.5, x.High + 0.5);
        var values = y.Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        var (least, most) = (Math.Min(0, values.Min()), Math.Max(0, values.Max()));

        // An interval that reaches just below zero does not need a step of the axis.
        if (least > -0.02 * most)
            least = 0;
        if (most - least < 1e-9)
            most = least + 1;
        YTicks = Ticks.Between(least, most, 7);
        (_low, _high) = YTicks.Outside(least, most);
        YTicks = Ticks.Between(_low, _high, 8);

        Title = title;
        var top = 8 + Canvas.Title(title, Width);
        top = DrawLegend(legend, top);
        Canvas.Text(4, top + 14, yCaption, LabelSize, style: "dim");
        Top = top + 26;
        Bottom = Top + 230;
        foreach (var tick in YTicks.Values)
        {
            Canvas.Line(Left, Y(tick), Width - Right, Y(tick), tick == 0 ? "axis" : "grid");
            Canvas.Text(Left - 7, Y(tick) + 4, YTicks.Show(tick), LabelSize, SvgAnchor.End, "dim");
        }
    }

    public const double Width = 520;

    public SvgCanvas Canvas { get; } = new();

    public string Title { get; }

    public double Top { get; }

    public double Bottom { get; }

    private Ticks YTicks { get; }

    public double X(double value) => Left + (value - _xLow) / (_xHigh - _xLow) * (Width - Left - Right);

    public double Y(double value) => Bottom - (value - _low) / (_high - _low) * (Bottom - Top);

    /// <summary>A border with the name of what ends there.</summary>
    public void VerticalMark(double x, string name)
    {
        Canvas.Line(X(x), Top - 4, X(x), Bottom, "edge");
        Canvas.Text(X(x) - 4, Top + 4, name, 11, SvgAnchor.End, "dim");
    }

    /// <summary>Whole numbers along x, at most as many as have room, and the name of what stands behind them.</summary>
    public void NumberAxis((double X, string Label)? beyond)
    {
        if (beyond is { } column)
            Canvas.Text(Width - 2, Bottom + 17, column.Label, LabelSize, SvgAnchor.End, "dim");

        var ticks = Ticks.Between(_xLow, _xHigh, 12, whole: true);
        foreach (var tick in ticks.Values.Where(tick => beyond == null || tick < beyond.Value.X))
        {
            Canvas.Line(X(tick), Bottom, X(tick), Bottom + 4, "axis");
            Canvas.Text(X(tick), Bottom + 17, ticks.Show(tick), LabelSize, SvgAnchor.Middle, "dim");
        }
    }

    /// <summary>Words along x, in two lines if they would touch, slanted if that is not enough; returns the height they
    /// took.</summary>
    public double WordAxis(IReadOnlyList<(double X, string Label)> words)
    {
        var room = words.Count < 2 ? Width - Left - Right : X(words[1].X) - X(words[0].X);
        var wrapped = words.Select(w => Labels.Wrap(w.Label, LabelSize, room - 4)).ToList();
        if (wrapped.Any(lines => lines.Count > 1)
            && wrapped.All(lines => lines.Count <= 2 && lines.All(line => Labels.Width(line, LabelSize) <= room - 4)))
            return WrappedAxis(words, wrapped);
        var slanted = words.Any(w => Labels.Width(w.Label, LabelSize) > room - 4);

        // Slanted lines of text need a font height of room between them, by the root of two.
        var every = slanted ? (int)Math.Ceiling(LabelSize * 1.5 / room) : 1;
        for (var i = 0; i < words.Count; i += every)
        {
            var label = Labels.Fit(words[i].Label, LabelSize, slanted ? LongestLabel : room);
            var cut = label == words[i].Label ? null : words[i].Label;
            Canvas.Text(
                X(words[i].X) + (slanted ? 4 : 0), Bottom + (slanted ? 13 : 17), label, LabelSize,
                slanted ? SvgAnchor.End : SvgAnchor.Middle, "dim", slanted, cut);
        }

        return slanted ? 16 + 0.71 * Math.Min(LongestLabel, words.Select(w => Labels.Width(w.Label, LabelSize)).DefaultIfEmpty(0).Max())
            : 22;
    }

    private double WrappedAxis(IReadOnlyList<(double X, string Label)> words, List<List<string>> wrapped)
    {
        const double LineHeight = 14;
        foreach (var (word, lines) in words.Zip(wrapped))
        {
            for (var i = 0; i < lines.Count; i++)
                Canvas.Text(X(word.X), Bottom + 17 + i * LineHeight, lines[i], LabelSize, SvgAnchor.Middle, "dim");
        }

        return 22 + LineHeight;
    }

    public SvgFigure Finish(double axisHeight, string xCaption)
    {
        var y = Bottom + axisHeight;
        if (xCaption.Length > 0)
            Canvas.Text((Left + Width - Right) / 2, y += 14, xCaption, LabelSize, SvgAnchor.Middle, "dim");
        return Canvas.Finish(Title, Width, Math.Ceiling(y + 10));
    }

    private double DrawLegend(IReadOnlyList<PlotLegend> legend, double y)
    {
        if (legend.Count < 2)
            return y;
        double x = 4;
        y += 14;
        foreach (var (name, color, dashed) in legend)
        {
            var label = Labels.Fit(name, LabelSize, Width - 60);
            var width = 26 + Labels.Width(label, LabelSize) + 14;
            if (x > 4 && x + width > Width)
            {
                x = 4;
                y += 17;
            }

            Canvas.Line(x, y - 4, x + 20, y - 4, $"line s{color % SvgFigure.SeriesColors}{(dashed ? " dash" : "")}");
            Canvas.Text(x + 26, y, label, LabelSize);
            x += width;
        }

        return y + 4;
    }
}
