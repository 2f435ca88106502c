using System.Text;

namespace Emergence.Tokenizers.Models;

/// <summary>
/// Where a word may be cut without changing its tokens: before a visible space that follows another character, if no token holds
/// such a place inside. Tokenizers that do not cut at spaces themselves are fast by it on long texts.
/// </summary>
internal static class Seams
{
    private const char Space = '\u2581';

    /// <summary>Whether words may be cut so: the visible space is a token, and none joins it to what is before it.</summary>
    public static bool Exist(Vocabulary vocabulary)
    {
        if (vocabulary.Find([Space]) < 0)
            return false;
        for (var id = 0; id < vocabulary.Size; id++)
        {
            if (vocabulary.Has(id) && Next(vocabulary.Text(id), 0) < vocabulary.Text(id).Length)
                return false;
        }

        return true;
    }

    /// <summary>Encodes a word part by part; the places of each part's tokens count from the word's beginning.</summary>
    /// <param name="word">What is to be encoded.</param>
    /// <param name="cache">Encodes a part as if it were a word of its own.</param>
    /// <param name="tokens">Takes the tokens.</param>
    public static void Encode(ReadOnlySpan<char> word, WordCache cache, TokenSink tokens)
    {
        for (int start = 0, end, bytes = 0; start < word.Length; start = end)
        {
            end = Next(word, start);
            var part = word[start..end];
            var first = tokens.Ids.Count;
            cache.Encode(part, tokens);
            if (tokens.Places is not { } places)
                continue;
            for (var i = first; i < places.Count; i++)
                places[i] = new(places[i].Start + bytes, places[i].End + bytes);
            bytes += Encoding.UTF8.GetByteCount(part);
        }
    }

    /// <summary>The next place to cut after a place; the end if there is none.</summary>
    public static int Next(ReadOnlySpan<char> word, int start)
    {
        for (var i = start + 1; i < word.Length; i++)
        {
            if (word[i] == Space && word[i - 1] != Space)
                return i;
        }

        return word.Length;
    }
}
