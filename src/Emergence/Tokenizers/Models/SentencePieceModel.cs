using System.Text;

namespace Emergence.Tokenizers.Models;

/// <summary>
/// SentencePiece byte-pair encoding: two neighbours are joined when their text together is a piece, the piece of the
/// highest score first.
/// </summary>
internal sealed class SentencePieceModel : MergeModel
{
    private readonly SentencePieces _pieces;
    private readonly WordCache _cache;
    private readonly int[] _ranks;
    private readonly bool _hasSeams;

    public SentencePieceModel(SentencePieces pieces)
    {
        _pieces = pieces;
        _cache = new(EncodeWord);

        // Equal scores share a rank, so that the leftmost of them goes first.
        var order = pieces.Scores.Distinct().OrderDescending().Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        _ranks = [.. pieces.Scores.Select(score => order[score])];
        _hasSeams = Seams.Exist(pieces.Vocabulary) && pieces.UserDefined.IsEmpty;
    }

    public override void Encode(ReadOnlySpan<char> word, TokenSink tokens)
    {
        if (!_hasSeams)
        {
            EncodeWord(word, tokens);
            return;
        }

        Seams.Encode(word, _cache, tokens);
    }

    protected override bool TryMerge(ReadOnlySpan<char> word, in Symbol left, in Symbol right, out int rank, out int id)
    {
        (rank, id) = (0, -1);
        if (left.Frozen || right.Frozen)
            return false;
        id = _pieces.Vocabulary.Find(word.Slice(left.Start, left.Length + right.Length));
        if (id < 0 || _pieces.Types[id] is not (PieceType.Normal or PieceType.UserDefined))
            return false;
        rank = _ranks[id];
        return true;
    }

    private void EncodeWord(ReadOnlySpan<char> word, TokenSink tokens)
    {
        var symbols = new List<Symbol>(word.Length);
        for (int start = 0, length; start < word.Length; start += length)
        {
            var whole = _pieces.UserDefined.TryMatch(word[start..], out length, out var id);
            if (!whole)
            {
                length = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
                id = _pieces.Vocabulary.Find(word.Slice(start, length));
            }

            symbols.Add(new(id, start, length, Encoding.UTF8.GetByteCount(word.Slice(start, length)), Frozen: whole));
        }

        MergeAll(word, symbols);
        var bytes = 0;
        var afterUnknown = false;
        foreach (var symbol in symbols)
        {
            var isUnknown = symbol.Id < 0 || symbol.Id == _pieces.Unknown;
            if (isUnknown)
                _pieces.AddUnknown(word.Slice(symbol.Start, symbol.Length), bytes, bytes + symbol.Bytes, afterUnknown, tokens);
            else
                tokens.Add(symbol.Id, bytes, bytes + symbol.Bytes);
            bytes += symbol.Bytes;
            afterUnknown = isUnknown;
        }
    }
}
