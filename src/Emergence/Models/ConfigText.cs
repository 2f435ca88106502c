using System.Text;

namespace Emergence.Models;

/// <summary>
/// config.json as programs write it: with a byte-order mark, or with NaN and Infinity, which JSON does not know. These
/// become the object that newer programs write for them, so that a setting that may be infinite can be and others refuse it.
/// </summary>
internal static class ConfigText
{
    private static readonly string[] Words = ["-Infinity", "Infinity", "NaN"];

    public static byte[] Plain(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        var plain = new List<byte>(text.Length);
        var inString = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (!inString && Word(text[i..]) is { } word)
            {
                plain.AddRange(Encoding.ASCII.GetBytes($$"""{"__float__":"{{word}}"}"""));
                i += word.Length - 1;
                continue;
            }

            plain.Add(text[i]);
            if (text[i] == '"')
                inString = !inString;
            else if (inString && text[i] == '\\' && i + 1 < text.Length)
                plain.Add(text[++i]);
        }

        return [.. plain];
    }

    private static string? Word(ReadOnlySpan<byte> text)
    {
        foreach (var word in Words)
        {
            if (text.StartsWith(Encoding.ASCII.GetBytes(word)))
                return word;
        }

        return null;
    }
}
