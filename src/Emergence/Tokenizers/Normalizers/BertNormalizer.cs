using System.Globalization;
using System.Text;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tokenizers.Normalizers;

/// <summary>Cleaning for models that split at white space and punctuation.</summary>
/// <param name="clean">Drop control characters, make all white space spaces.</param>
/// <param name="spaceIdeographs">Put spaces around every Chinese character.</param>
/// <param name="stripAccents">Decompose, and drop the marks.</param>
/// <param name="lowercase">Make lower case.</param>
internal sealed class BertNormalizer(bool clean, bool spaceIdeographs, bool stripAccents, bool lowercase)
{
    public TracedText Normalize(TracedText text)
    {
        if (clean || spaceIdeographs)
            text = TextRewrite.Each(text, Clean);
        if (stripAccents)
        {
            text = Normalization.Normalize(text, NormalizationForm.FormD);
            text = TextRewrite.Filter(text, static rune => Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark);
        }

        return lowercase ? CharacterNormalizers.Lowercase(text) : text;
    }

    private void Clean(TextRewrite rewrite, Rune rune, int index)
    {
        if (clean && Rune.IsWhiteSpace(rune) && rune.Value is not (0x0B or 0x0C or 0x85))
            rewrite.Put(" ", index);
        else if (clean && IsNoise(rune))
            return;
        else if (spaceIdeographs && IsIdeograph(rune.Value))
            rewrite.Put($" {rune} ", index);
        else
            rewrite.Put(rune, index);
    }

    private static bool IsNoise(Rune rune) => rune.Value == 0xFFFD
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    // The blocks the published vocabularies were made with; they leave out U+2B820 to U+2B91F.
    private static bool IsIdeograph(int rune) => rune is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
