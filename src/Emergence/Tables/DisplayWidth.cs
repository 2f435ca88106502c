using System.Globalization;
using System.Text;

namespace Emergence.Tables;

/// <summary>
/// Columns that a text takes on a terminal: two for what East Asian scripts write wide and for emoji, none for marks that combine
/// with what stands before them. A cluster of a base and its marks is never taken apart.
/// </summary>
internal static class DisplayWidth
{
    /// <summary>First and last code points of East Asian Width W and F (Unicode 14.0.0), with what is unassigned between them.</summary>
    private static readonly int[] s_wide =
    [
        0x1100, 0x115f, 0x231a, 0x231b, 0x2329, 0x232a, 0x23e9, 0x23ec, 0x23f0, 0x23f0, 0x23f3, 0x23f3, 0x25fd, 0x25fe, 0x2614, 0x2615,
        0x2648, 0x2653, 0x267f, 0x267f, 0x2693, 0x2693, 0x26a1, 0x26a1, 0x26aa, 0x26ab, 0x26bd, 0x26be, 0x26c4, 0x26c5, 0x26ce, 0x26ce,
        0x26d4, 0x26d4, 0x26ea, 0x26ea, 0x26f2, 0x26f3, 0x26f5, 0x26f5, 0x26fa, 0x26fa, 0x26fd, 0x26fd, 0x2705, 0x2705, 0x270a, 0x270b,
        0x2728, 0x2728, 0x274c, 0x274c, 0x274e, 0x274e, 0x2753, 0x2755, 0x2757, 0x2757, 0x2795, 0x2797, 0x27b0, 0x27b0, 0x27bf, 0x27bf,
        0x2b1b, 0x2b1c, 0x2b50, 0x2b50, 0x2b55, 0x2b55, 0x2e80, 0x303e, 0x3041, 0x3247, 0x3250, 0x4dbf, 0x4e00, 0xa4c6, 0xa960, 0xa97c,
        0xac00, 0xd7a3, 0xf900, 0xfad9, 0xfe10, 0xfe19, 0xfe30, 0xfe6b, 0xff01, 0xff60, 0xffe0, 0xffe6, 0x16fe0, 0x18d08,
        0x1aff0, 0x1b2fb, 0x1f004, 0x1f004, 0x1f0cf, 0x1f0cf, 0x1f18e, 0x1f18e, 0x1f191, 0x1f19a, 0x1f200, 0x1f265, 0x1f300, 0x1f320,
        0x1f32d, 0x1f335, 0x1f337, 0x1f37c, 0x1f37e, 0x1f393, 0x1f3a0, 0x1f3ca, 0x1f3cf, 0x1f3d3, 0x1f3e0, 0x1f3f0, 0x1f3f4, 0x1f3f4,
        0x1f3f8, 0x1f43e, 0x1f440, 0x1f440, 0x1f442, 0x1f4fc, 0x1f4ff, 0x1f53d, 0x1f54b, 0x1f54e, 0x1f550, 0x1f567, 0x1f57a, 0x1f57a,
        0x1f595, 0x1f596, 0x1f5a4, 0x1f5a4, 0x1f5fb, 0x1f64f, 0x1f680, 0x1f6c5, 0x1f6cc, 0x1f6cc, 0x1f6d0, 0x1f6d2, 0x1f6d5, 0x1f6df,
        0x1f6eb, 0x1f6ec, 0x1f6f4, 0x1f6fc, 0x1f7e0, 0x1f7f0, 0x1f90c, 0x1f93a, 0x1f93c, 0x1f945, 0x1f947, 0x1f9ff, 0x1fa70, 0x1faf6,
        0x20000, 0x3fffd,
    ];

    public static int Of(string text)
    {
        var width = 0;
        for (var start = 0; start < text.Length;)
        {
            var length = StringInfo.GetNextTextElementLength(text, start);
            width += OfCluster(text.AsSpan(start, length));
            start += length;
        }

        return width;
    }

    /// <summary>Spaces on the left up to a width.</summary>
    public static string PadLeft(string text, int width) => new string(' ', Math.Max(0, width - Of(text))) + text;

    /// <summary>Spaces on the right up to a width.</summary>
    public static string PadRight(string text, int width) => text + new string(' ', Math.Max(0, width - Of(text)));

    /// <summary>
    /// Text with letters that are written from right to left, within marks that keep it from turning the columns beside it (first
    /// strong isolate, pop directional isolate); any other text as it is.
    /// </summary>
    public static string Isolated(string text) => IsRightToLeft(text) ? $"\u2068{text}\u2069" : text;

    /// <summary>Hebrew, Arabic, Syriac, Thaana, N'Ko and the other scripts of the blocks set aside for that direction.</summary>
    public static bool IsRightToLeft(string text) => text.EnumerateRunes().Any(rune =>
        rune.Value is >= 0x0590 and < 0x0900 or >= 0xfb1d and < 0xfe00 or >= 0xfe70 and < 0xff00 or >= 0x10800 and < 0x11000
            or >= 0x1e800 and < 0x1f000);

    /// <summary>Terminals add up what a cluster consists of, but for signs that are joined to one picture, which is wide.</summary>
    private static int OfCluster(ReadOnlySpan<char> cluster)
    {
        const int firstPicture = 0x2000; // joiners of letters are of scripts below
        var (width, isPicture) = (0, false);
        Rune.DecodeFromUtf16(cluster, out var first, out _);
        foreach (var rune in cluster.EnumerateRunes())
        {
            // A joiner, the selector of a picture, a letter of a flag.
            isPicture |= width > 0 && (rune.Value == 0xfe0f || (first.Value >= firstPicture
                && rune.Value is 0x200d or (>= 0x1f1e6 and <= 0x1f1ff)));
            width += OfRune(rune);
        }

        return isPicture && width > 0 ? 2 : width;
    }

    private static int OfRune(Rune rune)
    {
        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.Control || rune.Value is >= 0x1160 and < 0x1200)
            return 0;
        var at = Array.BinarySearch(s_wide, rune.Value);
        return at >= 0 || (~at & 1) == 1 ? 2 : 1;
    }
}
