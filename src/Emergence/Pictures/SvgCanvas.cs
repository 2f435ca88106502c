using System.Text;

namespace Emergence.Pictures;

internal enum SvgAnchor
{
    Start,
    Middle,
    End,
}

/// <summary>Writes the elements of one picture in the order in which they are drawn. Lengths are CSS pixels, y grows downwards.</summary>
internal sealed class SvgCanvas
{
    private readonly StringBuilder _body = new();

    public SvgFigure Finish(string title, double width, double height) => new(title, width, height, _body.ToString());

    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="width">Width.</param>
    /// <param name="height">Height.</param>
    /// <param name="style">Classes of <see cref="SvgFigure.Style"/>.</param>
    /// <param name="fill">A colour of the data, the same in light and dark.</param>
    /// <param name="tooltip">What a pointer that rests on it shows.</param>
    public void Rect(double x, double y, double width, double height, string style, string? fill = null, string? tooltip = null)
    {
        _body.Append($"<rect x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(height)}\" class=\"{style}\"");
        if (fill != null)
            _body.Append($" fill=\"{fill}\"");
        Close("rect", tooltip);
    }

    /// <summary>A PNG file, enlarged without smoothing.</summary>
    public void Image(double x, double y, double width, double height, byte[] png, string tooltip)
    {
        _body.Append($"<image x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(height)}\" image-rendering=\"pixelated\" ")
            .Append($"href=\"data:image/png;base64,{Convert.ToBase64String(png)}\"");
        Close("image", tooltip);
    }

    public void Line(double x1, double y1, double x2, double y2, string style)
        => _body.Append($"<line x1=\"{N(x1)}\" y1=\"{N(y1)}\" x2=\"{N(x2)}\" y2=\"{N(y2)}\" class=\"{style}\"/>\n");

    public void Circle(double x, double y, double radius, string style, string? tooltip = null)
    {
        _body.Append($"<circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"{N(radius)}\" class=\"{style}\"");
        Close("circle", tooltip);
    }

    /// <summary>Straight strokes through the points; closed makes an area.</summary>
    public void Polyline(IReadOnlyList<(double X, double Y)> points, string style, bool closed = false)
        => _body.Append(
            $"<path class=\"{style}\" d=\"M{string.Join("L", points.Select(p => $"{N(p.X)} {N(p.Y)}"))}{(closed ? "Z" : "")}\"/>\n");

    /// <param name="x">Where the anchor is.</param>
    /// <param name="y">The baseline.</param>
    /// <param name="text">Plain text; escaped here.</param>
    /// <param name="size">Font size.</param>
    /// <param name="anchor">End of the text that stands at x.</param>
    /// <param name="style">Classes of <see cref="SvgFigure.Style"/>.</param>
    /// <param name="slanted">Reads upwards to the right at 45 degrees, around the anchor.</param>
    /// <param name="tooltip">The whole text if it had to be cut.</param>
    public void Text(
        double x, double y, string text, double size, SvgAnchor anchor = SvgAnchor.Start, string style = "", bool slanted = false,
            string? tooltip = null)
    {
        _body.Append($"<text x=\"{N(x)}\" y=\"{N(y)}\" font-size=\"{N(size)}\"");
        if (anchor != SvgAnchor.Start)
            _body.Append(anchor == SvgAnchor.Middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"");
        if (style.Length > 0)
            _body.Append($" class=\"{style}\"");
        if (slanted)
            _body.Append($" transform=\"rotate(-45 {N(x)} {N(y)})\"");
        _body.Append('>').Append(Markup.Escape(text));
        if (tooltip != null)
            _body.Append($"<title>{Markup.Escape(tooltip)}</title>");
        _body.Append("</text>\n");
    }

    /// <summary>The title in bold lines; returns the height that it took.</summary>
    public double Title(string title, double width)
    {
        const double size = 14, lineHeight = 18;
        var y = 0.0;
        foreach (var line in Labels.Wrap(title, size * Labels.Bold, width - 8))
        {
            y += lineHeight;
            Text(4, y - 3, line, size, style: "strong");
        }

        return y + 4;
    }

    private static string N(double value) => Markup.Number(value);

    private void Close(string element, string? tooltip)
        => _body.Append(tooltip == null ? "/>\n" : $"><title>{Markup.Escape(tooltip)}</title></{element}>\n");
}
