using Emergence.Tables;

namespace Emergence.Pictures;

/// <summary>What a cell says about itself beyond its value.</summary>
public enum CellMark
{
    None,

    /// <summary>Stripes: do not trust the value.</summary>
    Stripes,

    /// <summary>A dot: the estimate stayed below the exact value.</summary>
    Dot,

    /// <summary>A ring: the value says more about the sample than about the data.</summary>
    Ring,

    /// <summary>A cross: no value, it failed.</summary>
    Cross,
}

/// <summary>One value of a heatmap; NaN is drawn as an empty field. Without a tooltip, the pointer shows place and value.</summary>
public readonly record struct HeatmapCell(double Value, CellMark Mark = CellMark.None, string Tooltip = "");

/// <summary>Values by layer (rows, the first at the bottom, as information flows upwards) and token (columns).</summary>
public sealed class Heatmap
{
    private const double Top = 8, Gap = 6, LabelSize = 11;

    public required string Title { get; init; }

    public required IReadOnlyList<string> Rows { get; init; }

    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>Cell of row r and column c at [r, c].</summary>
    public required HeatmapCell[,] Cells { get; init; }

    public required string Unit { get; init; }

    public string RowCaption { get; init; } = "layer";

    public string ColumnCaption { get; init; } = "";

    /// <summary>Decimals of the values written into the cells.</summary>
    public int Digits { get; init; } = 1;

    /// <summary>Names of consecutive columns with a gap after each, e.g. shots; empty: no groups.</summary>
    public IReadOnlyList<(string Name, int Columns)> Groups { get; init; } = [];

    /// <summary>What the marks mean, written below; marks without a line here are drawn but not explained.</summary>
    public IReadOnlyList<(CellMark Mark, string Meaning)> Legend { get; init; } = [];

    /// <summary>Range of the colours; by default 0 (or the smallest value, if negative) to the largest value.</summary>
    public (double Low, double High)? Range { get; init; }

    private double CellWidth => Math.Clamp(Math.Floor(384.0 / Columns.Count), 40, 72);

    private double CellHeight => Rows.Count <= 12 ? 30 : Rows.Count <= 34 ? 20 : 16;

    private double ValueSize => CellHeight < 18 ? 10 : 11;

    private double Left => 12 + Math.Max(Labels.Width(RowCaption, LabelSize), Rows.Max(r => Labels.Width(r, LabelSize)));

    private double Right => ColumnX(Columns.Count - 1) + CellWidth;

    public SvgFigure Draw()
    {
        if (Cells.GetLength(0) != Rows.Count || Cells.GetLength(1) != Columns.Count)
            throw new ArgumentException($"expected {Rows.Count} x {Columns.Count} cells, got {Cells.GetLength(0)} x {Cells.GetLength(1)}");
        var canvas = new SvgCanvas();
        var width = Math.Max(Right + 10, 300);
        var y = Top + canvas.Title(Title, width);
        var scale = Scale();
        y = DrawGroups(canvas, y);
        for (var row = 0; row < Rows.Count; row++)
            DrawRow(canvas, row, y + (Rows.Count - 1 - row) * CellHeight, scale);
        y += Rows.Count * CellHeight;
        y = DrawColumnLabels(canvas, y);
        y = DrawScale(canvas, y + 10, width, scale);
        y = DrawLegend(canvas, y + 8, width);
        return canvas.Finish(Title, width, Math.Ceiling(y + 6));
    }

    private ColorScale Scale()
    {
        if (Range is { } range)
            return new ColorScale(range.Low, range.High);
        var values = Cells.Cast<HeatmapCell>().Select(c => c.Value).Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        return new ColorScale(Math.Min(0, values.Min()), Math.Max(values.Max(), 0));
    }

    private double ColumnX(int column)
    {
        var before = 0;
        var gaps = 0;
        foreach (var group in Groups)
        {
            before += group.Columns;
            if (column >= before)
                gaps++;
        }

        return Left + column * CellWidth + gaps * Gap;
    }

    private double DrawGroups(SvgCanvas canvas, double y)
    {
        y += 14;
        canvas.Text(Left - 6, y - 3, RowCaption, LabelSize, SvgAnchor.End, "dim");
        var first = 0;
        foreach (var (name, columns) in Groups)
        {
            var (from, to) = (ColumnX(first), ColumnX(first + columns - 1) + CellWidth);
            canvas.Text((from + to) / 2, y - 3, Labels.Fit(name, LabelSize, to - from), LabelSize, SvgAnchor.Middle, "dim");
            canvas.Line(from, y, to, y, "axis");
            first += columns;
        }

        return y + 3;
    }

    private void DrawRow(SvgCanvas canvas, int row, double y, ColorScale scale)
    {
        canvas.Text(Left - 6, y + CellHeight / 2 + 4, Rows[row], LabelSize, SvgAnchor.End);
        for (var column = 0; column < Columns.Count; column++)
        {
            var (value, mark, tooltip) = Cells[row, column];
            var x = ColumnX(column);
            var (fill, light) = scale.At(value);
            var known = !double.IsNaN(value);
            var shown = known ? $"{TableCell.Fixed(value, Digits)} {Unit}" : "no value";
            canvas.Rect(
                x, y, CellWidth - 1, CellHeight - 1, known ? "cell" : "cell none", known ? fill : null,
                tooltip.Length > 0 ? tooltip : $"{RowCaption} {Rows[row]}, {Columns[column]}: {shown}");
            DrawMark(canvas, mark, x, y, CellWidth - 1, CellHeight - 1, !known ? "mark" : light ? "mark-light" : "mark-dark");
            var text = TableCell.Fixed(value, Digits);
            var textWidth = Labels.Width(text, ValueSize);
            if (!known || textWidth > CellWidth - 6)
                continue;

            // A plate keeps the stripes away from the digits.
            if (mark == CellMark.Stripes)
                canvas.Rect(x + (CellWidth - 1 - textWidth) / 2 - 1, y + 2, textWidth + 2, CellHeight - 5, "plate", fill);
            canvas.Text(x + CellWidth / 2, y + CellHeight / 2 + 3.5, text, ValueSize, SvgAnchor.Middle, light ? "on-light" : "on-dark");
        }
    }

    private static void DrawMark(SvgCanvas canvas, CellMark mark, double x, double y, double width, double height, string style)
    {
        switch (mark)
        {
            case CellMark.Stripes:
                for (var offset = 4.0; offset < width + height; offset += 8)
                {
                    var (x1, y1) = offset <= width ? (x + offset, y) : (x + width, y + offset - width);
                    var (x2, y2) = offset <= height ? (x, y + offset) : (x + offset - height, y + height);
                    canvas.Line(x1, y1, x2, y2, style);
                }

                break;
            case CellMark.Dot:
                canvas.Circle(x + width - 4, y + 4, 1, style + " dot");
                break;
            case CellMark.Ring:
                canvas.Circle(x + width - 5, y + 5, 2.5, style);
                break;
            case CellMark.Cross:
                canvas.Line(x, y, x + width, y + height, style);
                canvas.Line(x, y + height, x + width, y, style);
                break;
        }
    }

    private double DrawColumnLabels(SvgCanvas canvas, double y)
    {
        const double longest = 90;
        var slanted = Columns.Any(c => Labels.Width(c, LabelSize) > CellWidth - 2);
        for (var column = 0; column < Columns.Count; column++)
        {
            var label = Labels.Fit(Columns[column], LabelSize, slanted ? longest : CellWidth);
            var cut = label == Columns[column] ? null : Columns[column];
            canvas.Text(
                ColumnX(column) + CellWidth / 2 + (slanted ? 4 : 0), y + (slanted ? 12 : 14), label, LabelSize,
                slanted ? SvgAnchor.End : SvgAnchor.Middle, slanted: slanted, tooltip: cut);
        }

        // A label at 45 degrees is as high as it is wide, by the root of one half.
        y += slanted ? 18 + 0.71 * Math.Min(longest, Columns.Max(c => Labels.Width(c, LabelSize))) : 18;
        foreach (var line in Labels.Wrap(ColumnCaption, LabelSize, Right - Left))
        {
            y += 14;
            canvas.Text((Left + Right) / 2, y - 2, line, LabelSize, SvgAnchor.Middle, "dim");
        }

        return y;
    }

    private double DrawScale(SvgCanvas canvas, double y, double width, ColorScale scale)
    {
        const int steps = 40;
        var length = Math.Min(width - Left - 10 - Labels.Width(Unit, LabelSize) - 16, 260);
        if (scale.High <= scale.Low)
            return y;
        for (var i = 0; i < steps; i++)
        {
            var value = scale.Low + (i + 0.5) / steps * (scale.High - scale.Low);
            canvas.Rect(Left + i * length / steps, y, length / steps + 0.5, 10, "scale", scale.At(value).Fill);
        }

        var ticks = Ticks.Between(scale.Low, scale.High, 6);
        foreach (var tick in ticks.Values)
        {
            var x = Left + (tick - scale.Low) / (scale.High - scale.Low) * length;
            canvas.Line(x, y + 10, x, y + 13, "axis");
            canvas.Text(x, y + 24, ticks.Show(tick), LabelSize, SvgAnchor.Middle, "dim");
        }

        canvas.Text(Left + length + 12, y + 9, Unit, LabelSize, style: "dim");
        return y + 26;
    }

    private double DrawLegend(SvgCanvas canvas, double y, double width)
    {
        foreach (var (mark, meaning) in Legend)
        {
            canvas.Rect(Left, y + 1, 22, 13, "none");
            DrawMark(canvas, mark, Left, y + 1, 22, 13, "mark");
            foreach (var line in Labels.Wrap(meaning, LabelSize, width - Left - 36))
            {
                canvas.Text(Left + 30, y + 11, line, LabelSize, style: "dim");
                y += 15;
            }

            y += 3;
        }

        return y;
    }
}
