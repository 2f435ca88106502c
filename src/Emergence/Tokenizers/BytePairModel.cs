using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>Byte-pair encoding with a list of merges: pairs of token ids, the first in the list joined first.</summary>
internal sealed class BytePairModel : MergeModel
{
    // Words of a natural text repeat; longer or later ones are encoded anew.
    private const int LongestCachedWord = 64;
    private const int MostCachedWords = 1 << 16;

    private readonly Vocabulary _vocabulary;
    private readonly TokenizerFile _file;
    private readonly Dictionary<long, (int Rank, int Id)> _merges = [];
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private int _cached;

    public BytePairModel(TokenizerFile file, Vocabulary vocabulary)
    {
        _file = file;
        _vocabulary = vocabulary;
    }

    /// <summary>The token of characters that have none; null drops them.</summary>
    public int? Unknown { get; init; }

    /// <summary>Unknown characters in a row make one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Unknown characters are spelled as their UTF-8 bytes, "&lt;0x41&gt;", where all of these are tokens.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>A word that is a token is that token, whatever the merges would make of it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Marks the last character of a word, e.g. "&lt;/w&gt;".</summary>
    public string EndOfWord { get; init; } = "";

    /// <summary>Adds the next merge. Of two merges of one pair the later counts.</summary>
    public void AddMerge(int index, string left, string right)
    {
        if (index >= Vocabulary.MaximumEntries)
            throw _file.Error($"has more than {Vocabulary.MaximumEntries} merges");
        var leftId = _vocabulary.Find(left) ?? throw Broken(index, "joins", left);
        var rightId = _vocabulary.Find(right) ?? throw Broken(index, "joins", right);
        var made = _vocabulary.Find(left + right) ?? throw Broken(index, "makes", left + right);
        _merges[Pair(leftId, rightId)] = (index, made);
    }

    public override void Encode(string word, List<int> ids)
    {
        if (_cache.TryGetValue(word, out var known))
        {
            ids.AddRange(known);
            return;
        }

        var start = ids.Count;
        if (IgnoreMerges && _vocabulary.Find(word) is { } whole)
        {
            ids.Add(whole);
        }
        else
        {
            var symbols = Characters(word);
            MergeAll(word, symbols);
            foreach (var symbol in symbols)
                ids.Add(symbol.Id);
        }

        if (word.Length <= LongestCachedWord && Volatile.Read(ref _cached) < MostCachedWords
            && _cache.TryAdd(word, [.. ids.Skip(start)]))
            Interlocked.Increment(ref _cached);
    }

    protected override bool TryMerge(string word, in Symbol left, in Symbol right, out int rank, out int id)
    {
        var found = _merges.TryGetValue(Pair(left.Id, right.Id), out var merge);
        (rank, id) = merge;
        return found;
    }

    private static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    /// <summary>The tokens of the single characters. A held-back unknown token is placed before the next known character.</summary>
    private List<Symbol> Characters(string word)
    {
        var symbols = new List<Symbol>(word.Length);
        var lookup = _vocabulary.ByPart();
        Symbol? unknown = null;
        for (var start = 0; start < word.Length;)
        {
            var length = char.IsSurrogatePair(word, start) ? 2 : 1;
            var last = start + length == word.Length;
            if (last && EndOfWord.Length > 0
                ? _vocabulary.Find(word[start..] + EndOfWord) is { } id
                : lookup.TryGetValue(word.AsSpan(start, length), out id))
            {
                Place(ref unknown, symbols);
                symbols.Add(new(id, start, length));
            }
            else if (!ByteFallback || !TryBytes(last ? word[start..] + EndOfWord : word.Substring(start, length), start, symbols))
            {
                if (!FuseUnknown)
                    Place(ref unknown, symbols);
                if (Unknown is { } token)
                    unknown ??= new(token, start, length);
            }

            start += length;
        }

        Place(ref unknown, symbols);
        return symbols;
    }

    private static void Place(ref Symbol? unknown, List<Symbol> symbols)
    {
        if (unknown is { } symbol)
            symbols.Add(symbol);
        unknown = null;
    }

    private bool TryBytes(string text, int start, List<Symbol> symbols)
    {
        var count = symbols.Count;
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (_vocabulary.Find(ByteToken(value)) is not { } id)
            {
                symbols.RemoveRange(count, symbols.Count - count);
                return false;
            }

            symbols.Add(new(id, start, 1));
        }

        return true;
    }

    /// <summary>How vocabularies with byte fallback spell a byte.</summary>
    public static string ByteToken(byte value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    private EmergenceException Broken(int index, string does, string token) =>
        _file.Error($"merge {index} {does} unknown token {Printable.Quote(token)}");
}
