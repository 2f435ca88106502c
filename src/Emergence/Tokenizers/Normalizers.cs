using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>What is done to a text before it is cut into words: the "normalizer" of tokenizer.json.</summary>
internal static class Normalizers
{
    public static Func<string, string> FromJson(JsonField field)
    {
        if (field.IsNull)
            return text => text;
        switch (field.Type)
        {
            case "Sequence":
                var steps = field["normalizers"].Items().Select(FromJson).ToArray();
                return text => steps.Aggregate(text, (current, step) => step(current));
            case "NFC":
                return text => Normalization.Normalize(text, NormalizationForm.FormC);
            case "NFD":
                return text => Normalization.Normalize(text, NormalizationForm.FormD);
            case "NFKC":
                return text => Normalization.Normalize(text, NormalizationForm.FormKC);
            case "NFKD":
                return text => Normalization.Normalize(text, NormalizationForm.FormKD);
            case "Lowercase":
                return Lowercase;
            case "Prepend":
                var prefix = field["prepend"].Text();
                return text => text.Length == 0 ? text : prefix + text;
            case "Replace":
                return Pattern.Replacement(field);
            case "BertNormalizer":
                return Bert(field);
            default:
                throw field.Unsupported($"normalizer {Printable.Quote(field.Type)}");
        }
    }

    /// <summary>Lower-case text, character by character: only U+0130 becomes two characters, and a final sigma is like any other.</summary>
    public static string Lowercase(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 0x130)
                result.Append("i\u0307");
            else
                result.Append(Rune.ToLowerInvariant(rune));
        }

        return result.ToString();
    }

    /// <summary>Cleaning for models that split at punctuation; stripping accents goes with lower case unless said otherwise.</summary>
    public static Func<string, string> Bert(bool clean, bool spaceIdeographs, bool stripAccents, bool lowercase) => text =>
    {
        if (clean || spaceIdeographs)
            text = Clean(text, clean, spaceIdeographs);
        if (stripAccents)
            text = WithoutAccents(text);
        return lowercase ? Lowercase(text) : text;
    };

    private static Func<string, string> Bert(JsonField field)
    {
        var lowercase = field["lowercase"].Flag(absent: true);
        return Bert(
            field["clean_text"].Flag(absent: true),
            field["handle_chinese_chars"].Flag(absent: true),
            field["strip_accents"].Flag(absent: lowercase),
            lowercase);
    }

    private static string Clean(string text, bool clean, bool spaceIdeographs)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean && Rune.IsWhiteSpace(rune) && rune.Value is not (0x0B or 0x0C or 0x85))
                result.Append(' ');
            else if (clean && IsNoise(rune))
                continue;
            else if (spaceIdeographs && IsIdeograph(rune.Value))
                result.Append(' ').Append(rune).Append(' ');
            else
                result.Append(rune);
        }

        return result.ToString();
    }

    private static string WithoutAccents(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in Normalization.Normalize(text, NormalizationForm.FormD).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
                result.Append(rune);
        }

        return result.ToString();
    }

    private static bool IsNoise(Rune rune) => rune.Value == 0xFFFD
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    // The blocks the published vocabularies were made with; they leave out U+2B820 to U+2B91F.
    private static bool IsIdeograph(int rune) => rune is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
