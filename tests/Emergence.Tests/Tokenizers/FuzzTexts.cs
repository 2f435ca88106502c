using System.Text;

namespace Emergence.Tests.Tokenizers;

/// <summary>Seeded random texts of what tokenizers stumble over.</summary>
internal static class FuzzTexts
{
    private const string Variable = "EMERGENCE_TEST_FUZZ";

    private static readonly string[] s_pieces =
    [
        " ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00A0", "\u3000", "\u200B", "\u0085", "\u2028", "a", "e", "s", "t", "the",
            "The", "don't",
        "I'LL", "'s", "'S", "'\u017F", "\u2019s", "we've", "HTTPServer", "camelCase", "snake_case", "\u017F", "\u212A", "ß", "ẞ", "\u0130",
            "\u0131",
        "0", "1", "12", "123", "1234567", "3.14", "1,000", "٣", "²", "Ⅷ", "½", "𝟘𝟙", "é", "e\u0301", "o\u0308\u0323", "\u0301", "ñ", "Ω",
            "ώ", "я", "Съешь",
        "日本語", "漢", "ひらがな", "カタカナ", "한국어", "\u1112\u1161\u11AB", "हिन्दी", "ไทย", "العربية", "עברית", "ქართული", "\U00010400\U00010428",
            "𠀀",
        "😀", "👨‍👩‍👧", "🇩🇪", "👍🏽", ".", ",", "!", "?", "...", "。", "،", "-", "--", "_", "(", ")",
            "[x]", "{}", "<b>", "</p>", "&amp;", "<",
            ">", "/", "//", "\\",
        "\"", "`", "``", "''", "$", "+", "=", "==", "->", "#", "@", "%", "^", "*", "~", "|", ";", ":", "▁", "Ġ", "\uFB01", "\u00AD",
            "\uFEFF", "\uFFFD",
        "if (x < 0) {\n    return;\n}", "http://a.b/c?d=e&f=1", "x1y2z3", "\u0007",
    ];

    /// <summary>How many texts a kind: a few, or as many as the variable says.</summary>
    public static int Count { get; } = int.TryParse(Environment.GetEnvironmentVariable(Variable), out var count) ? count : 100;

    /// <summary>
    /// Texts without unpaired surrogates; the seed is any name, which makes the same texts everywhere. With any code point, a letter in
    /// eight
    /// is drawn from all of Unicode, also what it has not assigned.
    /// </summary>
    public static IEnumerable<string> Make(string seed, int count, bool anyPoint, params string[] more)
    {
        var random = new Random(Encoding.UTF8.GetBytes(seed).Aggregate(17, (sum, value) => unchecked(sum * 31 + value)));
        string[] pieces = [.. s_pieces, .. Enumerable.Repeat(more, 4).SelectMany(texts => texts)];
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(1, 20); n > 0; n--)
            {
                if (!anyPoint || random.Next(8) != 0)
                    text.Append(pieces[random.Next(pieces.Length)]);
                else if (random.Next(0x110000) is var point && Rune.IsValid(point))
                    text.Append(new Rune(random.Next(3) == 0 ? point : point % 0x3000));
            }

            yield return text.ToString();
        }
    }
}
