namespace Emergence.Datasets;

/// <summary>What a script asks of a list of words: whether spaces stand between words, and which sign between items.</summary>
/// <param name="HasSpaces">A word follows a space.</param>
/// <param name="Comma">Between the items of a list.</param>
internal readonly record struct Script(bool HasSpaces, string Comma)
{
    private static readonly Script s_latin = new(true, ","), s_arabic = new(true, "،"), s_eastAsian = new(false, "、"),
        s_withoutSpaces = new(false, ",");

    /// <summary>The script of the first sign that tells it; Latin and its kin if none does.</summary>
    public static Script Of(IEnumerable<string> words)
    {
        foreach (var rune in words.SelectMany(word => word.EnumerateRunes()))
        {
            switch (rune.Value)
            {
                case >= 0x0600 and < 0x0780 or >= 0xfb50 and < 0xfe00 or >= 0xfe70 and < 0xff00:
                    return s_arabic;
                case >= 0x3040 and < 0x3100 or >= 0x31f0 and < 0x3200 or >= 0x3400 and < 0xa000 or >= 0xf900 and < 0xfb00 or >= 0x20000:
                    return s_eastAsian;
                case >= 0x0e00 and < 0x0f00 or >= 0x1000 and < 0x10a0 or >= 0x1780 and < 0x1800: // Thai, Lao, Burmese, Khmer
                    return s_withoutSpaces;
            }
        }

        return s_latin;
    }
}
