using System.Text;
using Emergence.Tokenizers.Normalizers;

namespace Emergence.Tokenizers.PreTokenizers;

/// <summary>Makes spaces visible, puts one in front if the scheme says so, and cuts before each.</summary>
internal static class Metaspace
{
    public static PreTokenizer FromJson(JsonField field)
    {
        var mark = field["replacement"].Character();
        var scheme = Scheme(field);
        var split = field["split"].Flag(absent: true);
        return new(text => Cut(text, mark, scheme, split), LooksAtPlaces: scheme == "first");
    }

    /// <summary>"always", "first" (only where a part begins the original text) or "never".</summary>
    public static string Scheme(JsonField field)
    {
        var prefix = field["add_prefix_space"].Flag(absent: true);
        var scheme = field["prepend_scheme"].OptionalText() ?? (prefix ? "always" : "never");
        if (scheme is not ("always" or "first" or "never"))
            throw field["prepend_scheme"].Error("always, first or never");
        return prefix || scheme == "never" ? scheme : throw field["prepend_scheme"].Error("never where add_prefix_space is false");
    }

    private static IEnumerable<TracedText> Cut(TracedText text, Rune mark, string scheme, bool split)
    {
        var shown = mark.ToString();
        if (text.Span.Contains(' '))
            text = TextRewrite.Each(text, (rewrite, rune, index) => rewrite.Put(rune.Value == ' ' ? mark : rune, index));
        var prepends = scheme == "always" || (scheme == "first" && text.Place(0).Start == 0);
        if (prepends && !text.Span.StartsWith(shown))
            text = CharacterNormalizers.Prepend(text, shown);
        return split ? Cuts.At(text, rune => rune == mark, Behavior.MergedWithNext) : [text];
    }
}
