using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>
/// SentencePiece byte-pair encoding: two neighbours are joined when their text together is a piece, the piece of the
/// highest score first.
/// </summary>
internal sealed class SentencePieceModel : MergeModel
{
    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly PieceType[] _types;
    private readonly int[] _ranks;
    private readonly TokenTrie _userDefined;
    private readonly int _unknown;
    private readonly int[]? _bytes;

    public SentencePieceModel(
        TokenizerFile file, Vocabulary vocabulary, List<PieceType> types, List<float> scores, int unknown, bool byteFallback)
    {
        _vocabulary = vocabulary;
        _lookup = vocabulary.ByPart();
        _types = [.. types];
        _userDefined = new(file);
        _unknown = unknown;

        // Equal scores share a rank, so that the leftmost of them goes first.
        var order = scores.Distinct().OrderDescending().Select((score, rank) => (score, rank)).ToDictionary(pair => pair.score, pair => pair.rank);
        _ranks = [.. scores.Select(score => order[score])];
        for (var id = 0; id < _types.Length; id++)
        {
            if (_types[id] == PieceType.UserDefined)
                _userDefined.Add(vocabulary[id]!, id);
        }

        if (byteFallback)
            _bytes = [.. Enumerable.Range(0, 256).Select(value => ByteId(file, (byte)value))];
    }

    /// <summary>Length and id of the longest user-defined piece that begins at a place; 0 where none does.</summary>
    public int UserDefinedAt(string text, int start, out int id)
    {
        _userDefined.TryMatch(text, start, out var length, out id);
        return length;
    }

    public override void Encode(string word, List<int> ids)
    {
        var symbols = new List<Symbol>(word.Length);
        for (int start = 0, length; start < word.Length; start += length)
        {
            length = UserDefinedAt(word, start, out var id);
            var whole = length > 0;
            if (!whole)
            {
                length = char.IsSurrogatePair(word, start) ? 2 : 1;
                id = _lookup.TryGetValue(word.AsSpan(start, length), out var known) ? known : -1;
            }

            symbols.Add(new(id, start, length, Frozen: whole));
        }

        MergeAll(word, symbols);
        var afterUnknown = false;
        foreach (var symbol in symbols)
        {
            var isUnknown = symbol.Id < 0 || symbol.Id == _unknown;
            if (!isUnknown)
                ids.Add(symbol.Id);
            else if (_bytes != null)
                ids.AddRange(Encoding.UTF8.GetBytes(word, symbol.Start, symbol.Length).Select(value => _bytes[value]));
            else if (!afterUnknown)
                ids.Add(_unknown);
            afterUnknown = isUnknown;
        }
    }

    protected override bool TryMerge(string word, in Symbol left, in Symbol right, out int rank, out int id)
    {
        (rank, id) = (0, -1);
        if (left.Frozen || right.Frozen
            || !_lookup.TryGetValue(word.AsSpan(left.Start, left.Length + right.Length), out id)
            || _types[id] is not (PieceType.Normal or PieceType.UserDefined))
            return false;
        rank = _ranks[id];
        return true;
    }

    private int ByteId(TokenizerFile file, byte value)
    {
        var token = BytePairModel.ByteToken(value);
        return _vocabulary.Find(token) is { } id && _types[id] == PieceType.Byte
            ? id
            : throw file.Error($"falls back to bytes, but has no byte piece {Printable.Quote(token)}");
    }
}
