using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Emergence.Tokenizers.Decoders;

/// <summary>The steps that decoders are made of.</summary>
internal static class TokenDecoders
{
    // What separates tokens of English text and should not, in the order in which it goes.
    private static readonly (string From, string To)[] s_untidy =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <summary>Byte-level tokens; bytes that are no UTF-8 become U+FFFD.</summary>
    public static List<string> Bytes(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
            ByteLevel.Decode(token, bytes);
        return [Encoding.UTF8.GetString([.. bytes])];
    }

    /// <summary>Joins runs of byte tokens; in a run that is no UTF-8 every byte becomes U+FFFD.</summary>
    public static List<string> ByteFallback(List<string> tokens)
    {
        var result = new List<string>();
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            if (TryByte(token, out var value))
            {
                bytes.Add(value);
                continue;
            }

            Flush();
            result.Add(token);
        }

        Flush();
        return result;

        void Flush()
        {
            byte[] run = [.. bytes];
            bytes.Clear();
            if (run.Length == 0)
                return;
            if (Utf8.IsValid(run))
                result.Add(Encoding.UTF8.GetString(run));
            else
                result.AddRange(Enumerable.Repeat("\uFFFD", run.Length));
        }
    }

    /// <summary>The byte that a token such as "&lt;0x41&gt;" stands for.</summary>
    public static bool TryByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Takes up to so many of a character off the start and end of every token.</summary>
    public static Decoder Strip(Rune content, int start, int stop) => tokens => tokens.ConvertAll(token =>
    {
        var mark = content.ToString();
        var (first, last) = (0, token.Length);
        for (var i = 0; i < start && token.AsSpan(first).StartsWith(mark); i++)
            first += mark.Length;
        for (var i = 0; i < stop && token.AsSpan(first, last - first).EndsWith(mark); i++)
            last -= mark.Length;
        return token[first..last];
    });

    /// <summary>The mark of a word's end is a space, except after the last word.</summary>
    public static Decoder EndOfWord(string suffix) => tokens =>
        [.. tokens.Select((token, i) => token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];

    /// <summary>Tokens without the prefix begin a word.</summary>
    public static List<string> WordPiece(List<string> tokens, string prefix, bool cleanup)
    {
        var result = new List<string>(tokens.Count);
        foreach (var token in tokens)
        {
            var text = result.Count == 0 ? token
                : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..]
                : " " + token;
            result.Add(cleanup ? Tidy(text) : text);
        }

        return result;
    }

    /// <summary>One of equal tokens in a row counts; the padding goes, the delimiter is a space.</summary>
    public static List<string> Ctc(List<string> tokens, string pad, string delimiter, bool cleanup)
    {
        var result = new List<string>();
        for (var i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && tokens[i] == tokens[i - 1])
                continue;
            var text = tokens[i].Replace(pad, "", StringComparison.Ordinal);
            if (cleanup)
                text = Tidy(text).Replace(delimiter, " ", StringComparison.Ordinal);
            if (text.Length > 0)
                result.Add(text);
        }

        return result;
    }

    private static string Tidy(string text) =>
        s_untidy.Aggregate(text, (current, pair) => current.Replace(pair.From, pair.To, StringComparison.Ordinal));
}
