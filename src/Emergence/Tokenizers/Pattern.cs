using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Emergence.Messages;
using Emergence.Tokenizers.Normalizers;

namespace Emergence.Tokenizers;

/// <summary>
/// A pattern of tokenizer.json that finds stretches of a text: a fixed text, a known word pattern, or a regex that the
/// linear-time engine takes. Such an engine cannot be made to hang by a hostile pattern.
/// </summary>
internal static class Pattern
{
    private const int MaximumLength = 10_000;

    // Written alike but meaning something else in the engine these files are written for.
    private static readonly string[] s_ambiguous = [@"\w", @"\W", @"\b", @"\B", "[:", "&&", "(?m", "(?x", "^", "$"];

    // One character of the basic plane for each category, to stand in for characters above it, which the engine sees as halves.
    private static readonly Dictionary<UnicodeCategory, char> s_standIns =
        "\u2C2E\u2C5E\u1FFC\uA7F8\uA9E7\uA8C5\uA9C0\uA672\uAA59\uA6EF\uA835\uE000\u2E3A\uAADE\uFFEC\uA838\uA789\uA828\uFFFB\uFFFE"
            .ToDictionary(char.GetUnicodeCategory);

    /// <summary>All matches of the "pattern" of a component, in order, without overlap.</summary>
    public static Func<string, IEnumerable<(int Start, int End)>> FromJson(JsonField owner)
    {
        var pattern = owner["pattern"];
        if (!pattern["String"].IsNull)
        {
            var fixedText = pattern["String"].Text();
            return fixedText.Length > 0 ? text => Occurrences(text, fixedText) : throw pattern.Error("a text that is not empty");
        }

        var regex = pattern["Regex"].Text();
        if (WordPatterns.Find(regex) is { } endOf)
            return text => Consecutive(text, endOf);
        return Compile(pattern, regex);
    }

    public static IEnumerable<(int Start, int End)> Consecutive(string text, Func<string, int, int> endOf)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = endOf(text, start);
            yield return (start, end);
        }
    }

    /// <summary>All matches of a pattern that this program brings along.</summary>
    public static Func<string, IEnumerable<(int Start, int End)>> Compile(string regex)
    {
        var endOf = WordPatterns.Find(regex)!;
        return text => Consecutive(text, endOf);
    }

    /// <summary>The "Replace" normalizer or decoder.</summary>
    public static Normalizer Replacement(JsonField field)
    {
        var content = field["content"].Text();
        var find = FromJson(field);
        return text => TextRewrite.Replace(text, find(text.ToString()), content);
    }

    /// <summary>A character of the basic plane of the category of one above it.</summary>
    internal static char StandIn(Rune rune) => s_standIns[Rune.GetUnicodeCategory(rune)];

    private static IEnumerable<(int Start, int End)> Occurrences(string text, string part)
    {
        for (var start = 0; (start = text.IndexOf(part, start, StringComparison.Ordinal)) >= 0; start += part.Length)
            yield return (start, start + part.Length);
    }

    private static Func<string, IEnumerable<(int Start, int End)>> Compile(JsonField field, string pattern)
    {
        var withoutNegation = pattern.Replace("[^", "[", StringComparison.Ordinal);
        if (pattern.Length > MaximumLength || pattern.Any(char.IsSurrogate)
            || s_ambiguous.Any(part => withoutNegation.Contains(part, StringComparison.Ordinal)))
            throw field.Unsupported($"pattern {Printable.Quote(pattern)}");
        try
        {
            var regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return text => Matches(text, regex);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw field.Unsupported($"pattern {Printable.Quote(pattern)} ({Printable.Escape(error.Message)})");
        }
    }

    private static IEnumerable<(int Start, int End)> Matches(string text, Regex regex)
    {
        var shadow = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        var place = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            shadow.Append(rune.IsBmp ? (char)rune.Value : StandIn(rune));
            places.Add(place);
            place += rune.Utf16SequenceLength;
        }

        places.Add(place);
        for (var match = regex.Match(shadow.ToString()); match.Success; match = match.NextMatch())
            yield return (places[match.Index], places[match.Index + match.Length]);
    }
}
