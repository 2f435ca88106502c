using System.Globalization;
using System.Text;

namespace Emergence.Pictures;

/// <summary>Text and numbers as XML and HTML accept them.</summary>
internal static class Markup
{
    /// <summary>Safe in text and in quoted attributes. What XML 1.0 cannot hold (most control characters, half a pair) becomes
    /// U+FFFD.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\t' or '\n' => escaped.Append((char)rune.Value),
                < 0x20 or (>= 0x7f and < 0xa0) or 0xfffe or 0xffff => escaped.Append('\ufffd'),
                _ => escaped.Append(rune.ToString()),
            };
        }

        return escaped.ToString();
    }

    /// <summary>A coordinate: at most two decimals, so that the last bits of a sum never show.</summary>
    public static string Number(double value)
    {
        var rounded = Math.Round(value, 2, MidpointRounding.AwayFromZero);
        return (rounded == 0 ? 0 : rounded).ToString("0.##", CultureInfo.InvariantCulture);
    }
}
