using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>Cuts a text, or a part that an earlier step cut, into words. The flag says that it is the beginning of the whole text.</summary>
internal delegate IEnumerable<string> PreTokenizer(string text, bool atStart);

/// <summary>How a text is cut into words: the "pre_tokenizer" of tokenizer.json.</summary>
internal static class PreTokenizers
{
    public static PreTokenizer FromJson(JsonField field)
    {
        if (field.IsNull)
            return (text, _) => [text];
        switch (field.Type)
        {
            case "Sequence":
                return field["pretokenizers"].Items().Select(FromJson).Aggregate((PreTokenizer)((text, _) => [text]), Chain);
            case "ByteLevel":
                return Bytes(field["add_prefix_space"].Flag(absent: true), field["use_regex"].Flag(absent: true));
            case "Split":
                return Split(field);
            case "Digits":
                var behavior = field["individual_digits"].Flag(absent: false) ? "Isolated" : "Contiguous";
                return (text, _) => Cut(text, Characters(text, IsNumber), behavior);
            case "Metaspace":
                return Metaspace(field);
            case "BertPreTokenizer":
                return Bert;
            default:
                throw field.Unsupported($"pre-tokenizer {Printable.Quote(field.Type)}");
        }
    }

    /// <summary>Byte-level words: the alphabet of <see cref="ByteLevel"/>, cut by the GPT-2 pattern if asked.</summary>
    public static PreTokenizer Bytes(bool prefixSpace, bool useRegex)
    {
        var endOf = WordPatterns.Find(WordPatterns.Gpt2)!;
        return (text, _) =>
        {
            if (prefixSpace && text[0] != ' ')
                text = ' ' + text;
            return useRegex
                ? Pattern.Consecutive(text, endOf).Select(part => ByteLevel.Encode(text.AsSpan(part.Start, part.End - part.Start)))
                : [ByteLevel.Encode(text)];
        };
    }

    /// <summary>Words without white space; every punctuation mark by itself.</summary>
    public static IEnumerable<string> Bert(string text, bool atStart) =>
        Cut(text, Characters(text, Rune.IsWhiteSpace), "Removed").SelectMany(word => Cut(word, Characters(word, IsPunctuation), "Isolated"));

    private static PreTokenizer Chain(PreTokenizer first, PreTokenizer second)
    {
        return Both;

        IEnumerable<string> Both(string text, bool atStart)
        {
            foreach (var part in first(text, atStart))
            {
                foreach (var word in second(part, atStart))
                    yield return word;
                atStart = false;
            }
        }
    }

    private static PreTokenizer Split(JsonField field)
    {
        var find = Pattern.FromJson(field);
        var behavior = field["behavior"].Text();
        if (behavior is not ("Removed" or "Isolated" or "MergedWithPrevious" or "MergedWithNext" or "Contiguous"))
            throw field["behavior"].Unsupported(Printable.Quote(behavior));
        var invert = field["invert"].Flag(absent: false);
        return (text, _) => Cut(text, find(text), behavior, invert);
    }

    private static PreTokenizer Metaspace(JsonField field)
    {
        var mark = field["replacement"].Text();
        var legacy = field["add_prefix_space"].Flag(absent: true) ? "always" : "never";
        var prepend = field["prepend_scheme"].OptionalText() ?? legacy;
        if (mark.Length != 1 || prepend is not ("always" or "first" or "never"))
            throw field.Error("a Metaspace of one character with prepend_scheme always, first or never");
        var split = field["split"].Flag(absent: true);
        return (text, atStart) =>
        {
            text = text.Replace(" ", mark, StringComparison.Ordinal);
            if (text[0] != mark[0] && (prepend == "always" || (prepend == "first" && atStart)))
                text = mark + text;
            return split ? Cut(text, Characters(text, rune => rune.Value == mark[0]), "MergedWithNext") : [text];
        };
    }

    /// <summary>Cuts at matches: whether these stay, by themselves or with a neighbour, is the behavior.</summary>
    private static IEnumerable<string> Cut(string text, IEnumerable<(int Start, int End)> matches, string behavior, bool invert = false)
    {
        var parts = new List<(int Start, int End, bool Match)>();
        var done = 0;
        foreach (var (start, end) in matches)
        {
            if (start > done)
                parts.Add((done, start, invert));
            parts.Add((start, end, !invert));
            done = end;
        }

        if (done < text.Length)
            parts.Add((done, text.Length, invert));
        return from part in Join(parts, behavior) where part.End > part.Start select text[part.Start..part.End];
    }

    private static List<(int Start, int End, bool Match)> Join(List<(int Start, int End, bool Match)> parts, string behavior)
    {
        switch (behavior)
        {
            case "Removed":
                parts.RemoveAll(part => part.Match);
                return parts;
            case "Isolated":
                return parts;
        }

        // Joining with the next is joining with the previous, read backwards.
        var backwards = behavior == "MergedWithNext";
        if (backwards)
            parts.Reverse();
        var result = new List<(int Start, int End, bool Match)>();
        var previous = false;
        foreach (var part in parts)
        {
            var joins = result.Count > 0 && (behavior == "Contiguous" ? part.Match == previous : part.Match && !previous);
            if (joins)
                result[^1] = (Math.Min(result[^1].Start, part.Start), Math.Max(result[^1].End, part.End), part.Match);
            else
                result.Add(part);
            previous = part.Match;
        }

        if (backwards)
            result.Reverse();
        return result;
    }

    private static IEnumerable<(int Start, int End)> Characters(string text, Func<Rune, bool> belongs)
    {
        var start = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (belongs(rune))
                yield return (start, start + rune.Utf16SequenceLength);
            start += rune.Utf16SequenceLength;
        }
    }

    private static bool IsNumber(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    // ASCII symbols such as '$' and '+' count as punctuation here.
    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? char.IsPunctuation((char)rune.Value) || char.IsSymbol((char)rune.Value) : Rune.IsPunctuation(rune);
}
