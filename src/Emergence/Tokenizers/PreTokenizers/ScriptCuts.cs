using System.Text;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tokenizers.PreTokenizers;

/// <summary>
/// Cuts where the script changes; Chinese characters and both kana are one. Spaces and characters without a script go with what
/// is before them; in front of the first character that has one they are dropped, as in the library.
/// </summary>
internal static class ScriptCuts
{
    public static IEnumerable<TracedText> Cut(TracedText text)
    {
        var (start, script) = (-1, (string?)null);
        for (int index = 0, next; index < text.Length; index = next)
        {
            Rune.DecodeFromUtf16(text.Span[index..], out var rune, out var length);
            next = index + length;
            if (Script(rune) is not { } now || now == script)
                continue;
            if (start >= 0)
                yield return text.Slice(start, index);
            (start, script) = (index, now);
        }

        if (start >= 0)
            yield return text.Slice(start, text.Length);
    }

    private static string? Script(Rune rune) => rune.Value switch
    {
        ' ' => null,
        0x30FC => "Han",
        _ => Scripts.Of(rune) switch { "Hiragana" or "Katakana" => "Han", var script => script },
    };
}
