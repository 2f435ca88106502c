using System.Globalization;
using System.Text;

namespace Emergence.Tokenizers;

/// <summary>
/// The word patterns of published byte-level tokenizers, scanned by hand: they look ahead, which the linear-time regex
/// engine does not do, and its classes would see halves of characters above U+FFFF.
/// </summary>
internal static class WordPatterns
{
    /// <summary>GPT-2, as written in its release; also what "ByteLevel" without a pattern of its own means.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string LaterHead = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string LaterTail = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3: numbers in groups of up to three digits.</summary>
    public const string Llama3 = LaterHead + @"\p{N}{1,3}" + LaterTail;

    /// <summary>Qwen 2: every digit by itself.</summary>
    public const string Qwen2 = LaterHead + @"\p{N}" + LaterTail;

    private enum Kind
    {
        End,
        Letter,
        Number,
        Space,
        Other,
    }

    /// <summary>Where the match that begins at a place ends; these patterns match at every place. Null for another pattern.</summary>
    public static Func<string, int, int>? Find(string pattern) => pattern switch
    {
        Gpt2 => EndOfGpt2,
        Llama3 => (text, start) => EndOfLater(text, start, digits: 3),
        Qwen2 => (text, start) => EndOfLater(text, start, digits: 1),
        _ => null,
    };

    private static int EndOfGpt2(string text, int start)
    {
        if (Contraction(text, start, ignoreCase: false) is var contraction and > 0)
            return start + contraction;
        var first = start + (text[start] == ' ' ? 1 : 0);
        var kind = KindAt(text, first, out _);
        return kind is Kind.Letter or Kind.Number or Kind.Other ? Run(text, first, kind) : EndOfSpace(text, start);
    }

    private static int EndOfLater(string text, int start, int digits)
    {
        if (Contraction(text, start, ignoreCase: true) is var contraction and > 0)
            return start + contraction;
        var kind = KindAt(text, start, out var length);
        if (kind == Kind.Letter)
            return Run(text, start, kind);
        if (kind == Kind.Number)
            return Run(text, start, kind, digits);
        if (!IsLineEnd(text, start) && KindAt(text, start + length, out _) == Kind.Letter)
            return Run(text, start + length, Kind.Letter);
        var first = start + (text[start] == ' ' ? 1 : 0);
        if (KindAt(text, first, out _) == Kind.Other)
        {
            var end = Run(text, first, Kind.Other);
            while (IsLineEnd(text, end))
                end++;
            return end;
        }

        // White space up to its last line end, if it has one.
        for (var end = Run(text, start, Kind.Space); end > start; end--)
        {
            if (IsLineEnd(text, end - 1))
                return end;
        }

        return EndOfSpace(text, start);
    }

    /// <summary>White space before a word leaves its last character to the word.</summary>
    private static int EndOfSpace(string text, int start)
    {
        var end = Run(text, start, Kind.Space);
        return end < text.Length && end - start > 1 ? end - 1 : end;
    }

    private static int Run(string text, int start, Kind kind, int most = int.MaxValue)
    {
        while (most-- > 0 && KindAt(text, start, out var length) == kind)
            start += length;
        return start;
    }

    private static bool IsLineEnd(string text, int index) => index < text.Length && text[index] is '\r' or '\n';

    private static int Contraction(string text, int start, bool ignoreCase)
    {
        if (text[start] != '\'')
            return 0;
        return (Letter(start + 1), Letter(start + 2)) switch
        {
            ('s' or 't' or 'm' or 'd', _) => 2,
            ('r', 'e') or ('v', 'e') or ('l', 'l') => 3,
            _ => 0,
        };

        // U+017F, the long s, is a case of s.
        char Letter(int index) => index >= text.Length ? '\0'
            : !ignoreCase ? text[index]
            : text[index] == '\u017F' ? 's' : char.IsAscii(text[index]) ? char.ToLowerInvariant(text[index]) : '\0';
    }

    private static Kind KindAt(string text, int index, out int length)
    {
        length = 0;
        if (index >= text.Length)
            return Kind.End;
        Rune.DecodeFromUtf16(text.AsSpan(index), out var rune, out length);
        if (Rune.IsWhiteSpace(rune))
            return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
