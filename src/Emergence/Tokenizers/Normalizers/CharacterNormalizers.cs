using System.Text;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tokenizers.Normalizers;

/// <summary>Normalizers that look at one character at a time.</summary>
internal static class CharacterNormalizers
{
    /// <summary>Lower-case text, character by character: only U+0130 becomes two characters, and a final sigma is like any other.</summary>
    public static TracedText Lowercase(TracedText text) => TextRewrite.Each(text, static (rewrite, rune, index) =>
    {
        if (rune.Value == 0x130)
            rewrite.Put("i\u0307", index);
        else
            rewrite.Put(Rune.ToLowerInvariant(rune), index);
    });

    /// <summary>Without marks that combine with the character before them.</summary>
    public static TracedText StripAccents(TracedText text) => TextRewrite.Filter(text, static rune => !Characters.IsMark(rune));

    /// <summary>Without white space at the ends.</summary>
    public static TracedText Strip(TracedText text, bool left, bool right)
    {
        var (start, end) = (0, text.Length);
        while (left && start < end && char.IsWhiteSpace(text[start]))
            start++;
        while (right && end > start && char.IsWhiteSpace(text[end - 1]))
            end--;
        return text.Slice(start, end);
    }

    /// <summary>A text that is not empty begins with the prefix, at the place of its first character.</summary>
    public static TracedText Prepend(TracedText text, ReadOnlySpan<char> prefix)
    {
        if (text.Length == 0)
            return text;
        var rewrite = new TextRewrite(text);
        rewrite.Put(prefix, 0);
        rewrite.Copy(0, text.Length);
        return rewrite.Done();
    }

    /// <summary>Control characters go; line ends, tabs and characters that show nothing become spaces.</summary>
    public static TracedText Nmt(TracedText text) => TextRewrite.Each(text, static (rewrite, rune, index) =>
    {
        if (rune.Value is (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F)
            return;
        var isSpace = rune.Value is 0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F)
            or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD;
        rewrite.Put(isSpace ? new Rune(' ') : rune, index);
    });

    /// <summary>Every byte as one visible character, at the place of the character it belongs to.</summary>
    public static TracedText Bytes(TracedText text)
    {
        if (!text.IsTraced)
            return new(ByteLevel.Encode(text.Span));
        return TextRewrite.Each(text, static (rewrite, rune, index) =>
        {
            Span<char> units = stackalloc char[2];
            rewrite.Put(ByteLevel.Encode(units[..rune.EncodeToUtf16(units)]), index);
        });
    }
}
