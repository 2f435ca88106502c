using System.Text;

namespace Emergence.Tokenizers;

/// <summary>
/// The alphabet of byte-level vocabularies: every byte as one visible character. Printable Latin-1 stands for itself,
/// the other 68 bytes are U+0100 and up in order.
/// </summary>
internal static class ByteLevel
{
    private static readonly char[] s_characters = MakeCharacters();
    private static readonly Dictionary<char, byte> s_bytes = Enumerable.Range(0, 256).ToDictionary(i => s_characters[i], i => (byte)i);

    public static string Encode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return Encode(bytes);
    }

    public static string Encode(byte[] bytes) => string.Create(bytes.Length, bytes, static (result, source) =>
    {
        for (var i = 0; i < source.Length; i++)
            result[i] = s_characters[source[i]];
    });

    /// <summary>Adds the bytes a token stands for; a token with any other character, such as an added one, is plain text.</summary>
    public static void Decode(string token, List<byte> output)
    {
        var start = output.Count;
        foreach (var character in token)
        {
            if (!s_bytes.TryGetValue(character, out var value))
            {
                output.RemoveRange(start, output.Count - start);
                output.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }

            output.Add(value);
        }
    }

    private static char[] MakeCharacters()
    {
        var result = new char[256];
        var next = 0x100;
        for (var i = 0; i < 256; i++)
            result[i] = (char)(i is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? i : next++);
        return result;
    }
}
