using System.Globalization;
using System.Text;

namespace Emergence.Messages;

/// <summary>Text from files and users, made safe for a one-line message.</summary>
internal static class Printable
{
    private const int Limit = 200;

    /// <summary>The text in single quotes.</summary>
    public static string Quote(string text) => $"'{Escape(text)}'";

    /// <summary>Control, formatting and unpaired characters as \uXXXX, so that no file can forge lines or move the cursor; long text is
    /// cut.</summary>
    public static string Escape(string text)
    {
        var result = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length > Limit)
                return result.Append("...").ToString();
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned)
                result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else
                result.Append(rune);
        }

        return result.ToString();
    }
}
