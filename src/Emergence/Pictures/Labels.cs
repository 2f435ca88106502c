using System.Text;

namespace Emergence.Pictures;

/// <summary>Lays out text without knowing the font: widths are estimated for a common sans serif, a little on the wide side.</summary>
internal static class Labels
{
    /// <summary>A token's text made visible: spaces at its ends, line ends and tabs are drawn as symbols.</summary>
    public static string Token(string text)
    {
        var visible = text.Replace("\r", "\u240d").Replace("\n", "\u21b5").Replace("\t", "\u21e5");
        var start = visible.Length - visible.TrimStart(' ').Length;
        var end = start == visible.Length ? 0 : visible.Length - visible.TrimEnd(' ').Length;
        return new string('\u2423', start) + visible[start..^end] + new string('\u2423', end);
    }

    /// <summary>How much wider bold text is.</summary>
    public const double Bold = 1.14;

    /// <summary>Estimated width in the units of <paramref name="size"/>.</summary>
    public static double Width(string text, double size) => size * text.EnumerateRunes().Sum(RuneWidth);

    /// <summary>The text cut so that it and an ellipsis fit.</summary>
    public static string Fit(string text, double size, double width)
    {
        if (Width(text, size) <= width)
            return text;
        var kept = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Width(kept.ToString() + rune + "\u2026", size) > width)
                break;
            kept.Append(rune.ToString());
        }

        return kept.Append('\u2026').ToString();
    }

    /// <summary>Words in lines no wider than <paramref name="width"/> (a single longer word keeps its line).</summary>
    public static List<string> Wrap(string text, double size, double width)
    {
        List<string> lines = [];
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var longer = line.Length == 0 ? word : line + " " + word;
            if (line.Length > 0 && Width(longer, size) > width)
            {
                lines.Add(line);
                longer = word;
            }

            line = longer;
        }

        if (line.Length > 0)
            lines.Add(line);
        return lines;
    }

    private static double RuneWidth(Rune rune) => rune.Value switch
    {
        'i' or 'j' or 'l' or 't' or 'f' or 'r' or 'I' or ' ' or '.' or ',' or ':' or ';' or '\'' or '|' or '!' or '(' or ')' => 0.39,
        'm' or 'w' or 'M' or 'W' or '@' or '%' or '\u2026' => 0.98,
        >= 'A' and <= 'Z' => 0.73,
        < 0x1100 => 0.63,
        (>= 0x2000 and < 0x2e80) => 0.8,
        _ => 1.05, // ideographs, kana, hangul, emoji
    };
}
