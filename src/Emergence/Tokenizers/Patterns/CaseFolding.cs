using System.Globalization;

namespace Emergence.Tokenizers.Patterns;

/// <summary>Full case folding of Unicode 16: "ß" and "SS" fold to "ss", "ſ" and "S" to "s", the Kelvin sign to "k".</summary>
internal static class CaseFolding
{
    private static readonly Dictionary<int, string> s_folds = [];
    private static readonly Dictionary<string, CharacterSet> s_unfolds;

    static CaseFolding()
    {
        foreach (var entry in UnicodeProperties.Entries("case folding"))
            Read(entry);
        s_unfolds = s_folds.GroupBy(fold => fold.Value, fold => fold.Key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, Unfolded, StringComparer.Ordinal);
    }

    /// <summary>The characters whose folding is more than one character, with that folding.</summary>
    public static IEnumerable<(int Point, string Fold)> Long =>
        from fold in s_folds where fold.Value.EnumerateRunes().Count() > 1 select (fold.Key, fold.Value);

    /// <summary>What a character folds to: one to three characters.</summary>
    public static string Fold(int point) => s_folds.GetValueOrDefault(point) ?? char.ConvertFromUtf32(point);

    /// <summary>All characters that fold to this; none if it is more than one character that no character folds to.</summary>
    public static CharacterSet Unfold(string fold) => s_unfolds.TryGetValue(fold, out var set) ? set
        : fold.EnumerateRunes().Count() == 1 ? CharacterSet.Of(char.ConvertToUtf32(fold, 0)) : CharacterSet.None;

    /// <summary>The set with every other case of its characters.</summary>
    public static CharacterSet Close(CharacterSet set) => set.Union(CharacterSet.Union(
        from unfold in s_unfolds.Values where unfold.Points().Any(set.Contains) select unfold));

    /// <summary>
    /// A text in pieces that fold to one character or to what single characters fold to, with those. The longest piece from the left, as
    /// Oniguruma does it: "sss" is "ßs" but not "sß".
    /// </summary>
    public static IEnumerable<(CharacterSet Whole, string Fold)> Groups(string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        for (int i = 0, length; i < runes.Length; i += length)
        {
            length = Math.Min(4, runes.Length - i + 1);
            string fold;
            do
                fold = string.Concat(runes[i..(i + --length)].Select(rune => Fold(rune.Value)));
            while (length > 1 && Unfold(fold).IsEmpty);
            yield return (Unfold(fold), fold);
        }
    }

    private static CharacterSet Unfolded(IGrouping<string, int> group)
    {
        var points = CharacterSet.Of(group);
        return group.Key.EnumerateRunes().Count() == 1 ? points.Union(CharacterSet.Of(char.ConvertToUtf32(group.Key, 0))) : points;
    }

    // "41-5A>61" maps a run, "100-12E/2>101" every second of a run, "DF>73+73" to more than one.
    private static void Read(string entry)
    {
        var parts = entry.Split('>');
        var source = parts[0].Split('/');
        var ends = source[0].Split('-');
        var step = source.Length > 1 ? Hex(source[1]) : 1;
        var targets = parts[1].Split('+').Select(Hex).ToArray();
        for (int first = Hex(ends[0]), point = first; point <= Hex(ends[^1]); point += step)
            s_folds.Add(point, string.Concat(targets.Select(target => char.ConvertFromUtf32(target + point - first))));
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
