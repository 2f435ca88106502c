using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Emergence.Tokenizers.Models;

/// <summary>The ids of words seen before: words of a natural text repeat.</summary>
internal sealed class WordCache(WordCache.Encoder encode)
{
    // Longer or later words are encoded anew.
    private const int LongestWord = 64;
    private const int MostWords = 1 << 16;

    private readonly ConcurrentDictionary<string, int[]> _known = new(StringComparer.Ordinal);
    private int _count;

    public delegate void Encoder(ReadOnlySpan<char> word, TokenSink tokens);

    /// <summary>Adds the ids of a word, found or made. Places are not remembered.</summary>
    public void Encode(ReadOnlySpan<char> word, TokenSink tokens)
    {
        if (tokens.Places != null || word.Length > LongestWord)
        {
            encode(word, tokens);
            return;
        }

        if (_known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out var known))
        {
            tokens.Ids.AddRange(known);
            return;
        }

        var start = tokens.Ids.Count;
        encode(word, tokens);
        if (Volatile.Read(ref _count) < MostWords
            && _known.TryAdd(word.ToString(), CollectionsMarshal.AsSpan(tokens.Ids)[start..].ToArray()))
            Interlocked.Increment(ref _count);
    }
}
