using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers.Patterns;

/// <summary>A pattern being read, code point by code point, and the escapes that mean the same inside brackets and outside.</summary>
internal sealed class PatternText(string pattern)
{
    public int Place { get; set; }

    public bool AtEnd => Place >= pattern.Length;

    /// <summary>The character here, without going on; 0 at the end.</summary>
    public char Peek => PeekAt(0);

    public char PeekAt(int ahead) => Place + ahead < pattern.Length ? pattern[Place + ahead] : '\0';

    /// <summary>Goes past this text if it is here.</summary>
    public bool Take(string text)
    {
        if (string.CompareOrdinal(pattern, Place, text, 0, text.Length) != 0)
            return false;
        Place += text.Length;
        return true;
    }

    /// <summary>The next code point.</summary>
    public int Next(string expected)
    {
        if (AtEnd)
            throw new PatternException($"it ends where {expected} must follow");
        Rune.DecodeFromUtf16(pattern.AsSpan(Place), out var rune, out var length);
        Place += length;
        return rune.Value;
    }

    /// <summary>What stands before a closing mark, which is passed too; null if there is none.</summary>
    public string? Until(string closing)
    {
        var end = pattern.IndexOf(closing, Place, StringComparison.Ordinal);
        if (end < 0)
            return null;
        var text = pattern[Place..end];
        Place = end + closing.Length;
        return text;
    }

    public string From(int start) => pattern[start..Place];

    /// <summary>Whether a ']' that is not escaped is still to come.</summary>
    public bool HasClosingBracket()
    {
        for (var i = Place; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\')
                i++;
            else if (pattern[i] == ']')
                return true;
        }

        return false;
    }

    /// <summary>The set that an escape such as \d or \p{Lu} stands for; null, without going on, if it is another one.</summary>
    public CharacterSet? TakeSet()
    {
        var letter = Peek;
        var set = char.ToLowerInvariant(letter) switch
        {
            'd' => UnicodeProperties.Digit,
            's' => UnicodeProperties.Space,
            'w' => UnicodeProperties.Word,
            'h' => UnicodeProperties.HexDigit,
            'p' when PeekAt(1) == '{' => null,
            _ => CharacterSet.None,
        };
        if (set is { IsEmpty: true })
            return null;
        Place++;
        set ??= Property();
        return char.IsUpper(letter) ? set.Complement() : set;
    }

    /// <summary>The character that an escape stands for.</summary>
    public int EscapedCharacter()
    {
        var start = Place;
        var letter = Next("an escaped character");
        switch (letter)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return '\a';
            case 'e':
                return '\u001B';
            case 'c':
                return Next("a control character") & 0x1F;
            case 'C' when Take("-"):
                return Next("a control character") & 0x1F;
            case 'M' when Take("-"):
                throw new PatternException(@"the raw byte \M-");
            case >= '0' and <= '7':
                Place = start;
                return Valid(Digits(8, 3) ?? 0, start);
            case 'o' when Take("{"):
                return Braced(8, start);
            case 'x' when Take("{"):
                return Braced(16, start);
            case 'x':
                var value = Digits(16, 2) ?? 0;
                return value < 0x80 ? value : throw new PatternException($@"the raw byte \{From(start)}");
            case 'u':
                return Digits(16, 4) is { } point && Place == start + 5
                    ? Valid(point, start)
                    : throw new PatternException(@"\u without four hexadecimal digits");
            default:
                return letter;
        }
    }

    /// <summary>A whole number of at most this many digits, if there is one.</summary>
    public int? Digits(int radix, int most)
    {
        var start = Place;
        var value = 0;
        for (; Place - start < most && char.IsAsciiHexDigit(Peek); Place++)
        {
            var digit = int.Parse(pattern.AsSpan(Place, 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (digit >= radix)
                break;
            value = value * radix + digit;
        }

        return Place > start ? value : null;
    }

    private int Braced(int radix, int start)
    {
        var value = Digits(radix, 8);
        return value is { } point && Take("}") ? Valid(point, start)
            : throw new PatternException($@"\{pattern[start]}{{ without one code point and an end");
    }

    private int Valid(int point, int start) =>
        Rune.IsValid(point) ? point : throw new PatternException($@"\{From(start)}, which is no character");

    private CharacterSet Property()
    {
        Place++;
        var negative = Take("^");
        var name = Until("}") ?? throw new PatternException(@"\p{ without an end");
        var set = UnicodeProperties.Find(name);
        if (set == null || name.Contains('=', StringComparison.Ordinal))
            throw new PatternException($@"the property \p{{{Printable.Escape(name)}}}");
        return negative ? set.Complement() : set;
    }
}
