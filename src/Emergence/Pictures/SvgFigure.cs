namespace Emergence.Pictures;

/// <summary>
/// A finished picture. The same text on every machine: coordinates have two decimals, fonts are generic families.
/// It follows the reader's light or dark setting by itself.
/// </summary>
public sealed class SvgFigure
{
    /// <summary>Colours of light and dark for every class that the pictures use; pages include it once for all their figures.</summary>
    internal const string Style =
        ".em{font-family:system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-variant-numeric:tabular-nums}" +
        ".em text{fill:#1c2127}.em .dim{fill:#5b6470}.em .strong{font-weight:600}" +
        ".em .on-dark{fill:#fff}.em .on-light{fill:#12161b}" +
        ".em .paper{fill:#fff}.em .none{fill:#e9ecf0}" +
        ".em .grid{stroke:#e4e7eb}.em .axis{stroke:#8a939e}.em .edge{stroke:#5b6470;stroke-dasharray:3 3}" +
        ".em .mark-dark{stroke:#fff;fill:none}.em .mark-light{stroke:#12161b;fill:none}.em .mark{stroke:#5b6470;fill:none}.em "
            + ".dot{stroke-width:2}" +
        ".em .line{fill:none;stroke-width:2;stroke-linejoin:round}.em .dash{stroke-dasharray:6 4;stroke-width:1.5}.em "
            + ".band{fill-opacity:.16}" +
        ".em .s0{stroke:#0b67b2}.em .s1{stroke:#cc4e00}.em .s2{stroke:#00825c}.em .s3{stroke:#a8478f}.em .s4{stroke:#8a6a00}.em "
            + ".s5{stroke:#5b6470}" +
        ".em .f0{fill:#0b67b2}.em .f1{fill:#cc4e00}.em .f2{fill:#00825c}.em .f3{fill:#a8478f}.em .f4{fill:#8a6a00}.em .f5{fill:#5b6470}" +
        "@media screen and (prefers-color-scheme:dark){" +
        ".em text{fill:#e6e9ed}.em .dim{fill:#9da6b1}.em .on-dark{fill:#fff}.em .on-light{fill:#12161b}" +
        ".em .paper{fill:#15191e}.em .none{fill:#2a3038}" +
        ".em .grid{stroke:#2b323a}.em .axis{stroke:#6d7681}.em .edge{stroke:#9da6b1}.em .mark{stroke:#9da6b1}" +
        ".em .s0{stroke:#5fb0f0}.em .s1{stroke:#ff9457}.em .s2{stroke:#3fcf9f}.em .s3{stroke:#e08fcb}.em .s4{stroke:#e0bd4a}.em "
            + ".s5{stroke:#9da6b1}" +
        ".em .f0{fill:#5fb0f0}.em .f1{fill:#ff9457}.em .f2{fill:#3fcf9f}.em .f3{fill:#e08fcb}.em .f4{fill:#e0bd4a}.em .f5{fill:#9da6b1}}";

    /// <summary>Colours before the first one repeats.</summary>
    internal const int SeriesColors = 6;

    private readonly string _body;

    internal SvgFigure(string title, double width, double height, string body)
    {
        Title = title;
        Width = width;
        Height = height;
        _body = body;
    }

    public string Title { get; }

    /// <summary>Natural size in CSS pixels.</summary>
    public double Width { get; }

    public double Height { get; }

    /// <summary>A file of its own: declares its namespace, brings its style and paints its background.</summary>
    public string Standalone() =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" {Attributes}>\n<style>{Style}</style>\n" +
        $"<rect class=\"paper\" fill=\"#ffffff\" width=\"{Markup.Number(Width)}\" height=\"{Markup.Number(Height)}\"/>\n{_body}</svg>\n";

    /// <summary>Part of a page that includes <see cref="Style"/>.</summary>
    internal string Inline() => $"<svg {Attributes}>\n{_body}</svg>\n";

    private string Attributes
        => $"class=\"em\" role=\"img\" aria-label=\"{Markup.Escape(Title)}\" width=\"{Markup.Number(Width)}\" " +
           $"height=\"{Markup.Number(Height)}\" viewBox=\"0 0 {Markup.Number(Width)} {Markup.Number(Height)}\"";
}
