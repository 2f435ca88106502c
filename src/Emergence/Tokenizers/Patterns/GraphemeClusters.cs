using System.Text;

namespace Emergence.Tokenizers.Patterns;

/// <summary>Where what a reader takes for one character ends: the extended grapheme clusters of UAX #29, but for its rule GB9c.</summary>
internal static class GraphemeClusters
{
    private static readonly string[] s_kinds =
        ["CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend", "SpacingMark", "L", "V", "T", "LV", "LVT"];

    private static readonly Kind[] s_kindOfClass;
    private static readonly ClassTable s_classes;

    static GraphemeClusters()
    {
        var sets = s_kinds.Select(kind => UnicodeProperties.Known("cluster=" + kind)).ToArray();
        var pictures = UnicodeProperties.Known("Extended_Pictographic");
        s_classes = new([.. sets, pictures]);
        s_kindOfClass = new Kind[s_classes.Count];
        for (var kind = 0; kind <= sets.Length; kind++)
        {
            var members = s_classes.Members(kind < sets.Length ? sets[kind] : pictures);
            for (var type = 0; type < s_classes.Count; type++)
            {
                if (members[type] && s_kindOfClass[type] == Kind.Other)
                    s_kindOfClass[type] = (Kind)(kind + 1);
            }
        }
    }

    private enum Kind
    {
        Other,
        CarriageReturn,
        LineFeed,
        Control,
        Extend,
        Joiner,
        Flag,
        Prepend,
        Spacing,
        Lead,
        Vowel,
        Tail,
        LeadVowel,
        LeadVowelTail,
        Picture,
    }

    /// <summary>The end of the cluster that begins here.</summary>
    public static int End(string text, int place)
    {
        var before = At(text, place, out var length);
        var flags = before == Kind.Flag ? 1 : 0;
        var afterPicture = before == Kind.Picture;
        var joined = false;
        for (place += length; place < text.Length; place += length)
        {
            var next = At(text, place, out length);
            if (!Joins(before, next, joined, flags))
                break;
            joined = afterPicture && next == Kind.Joiner;
            afterPicture = next == Kind.Picture || (afterPicture && next is Kind.Extend or Kind.Joiner);
            flags += next == Kind.Flag ? 1 : 0;
            before = next;
        }

        return place;
    }

    private static bool Joins(Kind before, Kind next, bool joined, int flags) => (before, next) switch
    {
        (Kind.CarriageReturn, Kind.LineFeed) => true,
        (Kind.CarriageReturn or Kind.LineFeed or Kind.Control, _) => false,
        (_, Kind.CarriageReturn or Kind.LineFeed or Kind.Control) => false,
        (Kind.Lead, Kind.Lead or Kind.Vowel or Kind.LeadVowel or Kind.LeadVowelTail) => true,
        (Kind.LeadVowel or Kind.Vowel, Kind.Vowel or Kind.Tail) => true,
        (Kind.LeadVowelTail or Kind.Tail, Kind.Tail) => true,
        (_, Kind.Extend or Kind.Joiner or Kind.Spacing) => true,
        (Kind.Prepend, _) => true,
        (Kind.Joiner, Kind.Picture) => joined,
        (Kind.Flag, Kind.Flag) => flags % 2 == 1,
        _ => false,
    };

    private static Kind At(string text, int place, out int length)
    {
        Rune.DecodeFromUtf16(text.AsSpan(place), out var rune, out length);
        return s_kindOfClass[s_classes[rune.Value]];
    }
}
