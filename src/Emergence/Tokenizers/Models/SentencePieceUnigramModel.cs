using System.Text;

namespace Emergence.Tokenizers.Models;

/// <summary>Unigram of tokenizer.model: the pieces of the best total score, as SentencePiece finds them, in its arithmetic.</summary>
internal sealed class SentencePieceUnigramModel : Model
{
    private const float Penalty = 10;

    // The smallest positive normal number: SentencePiece's best score begins there, so that it is never below.
    private const float LeastBestScore = 1.17549435e-38f;

    private readonly SentencePieces _pieces;
    private readonly BestPath _path;

    public SentencePieceUnigramModel(TokenizerFile file, SentencePieces pieces)
    {
        _pieces = pieces;
        var (worst, best) = (float.MaxValue, LeastBestScore);
        for (var id = 0; id < pieces.Types.Length; id++)
        {
            if (pieces.Types[id] == PieceType.Normal)
                (worst, best) = (Math.Min(worst, pieces.Scores[id]), Math.Max(best, pieces.Scores[id]));
        }

        // A user-defined piece is better the longer it is.
        var scores = pieces.Scores.Select((score, id) => pieces.Types[id] == PieceType.UserDefined
            ? Encoding.UTF8.GetByteCount(pieces.Vocabulary.Text(id)) * best - 0.1f
            : score).Select(score => (double)score);
        var trie = UnigramModel.Trie(file, pieces.Vocabulary, id => pieces.Types[id] is PieceType.Normal or PieceType.UserDefined);
        _path = new(trie, [.. scores], (-1, worst - Penalty), single: true);
    }

    public override void Encode(ReadOnlySpan<char> word, TokenSink tokens)
    {
        var bytes = 0;
        var afterUnknown = false;
        foreach (var (id, start, end) in _path.Find(word))
        {
            var text = word[start..end];
            var last = bytes + Encoding.UTF8.GetByteCount(text);
            if (id < 0)
                _pieces.AddUnknown(text, bytes, last, afterUnknown, tokens);
            else
                tokens.Add(id, bytes, last);
            afterUnknown = id < 0;
            bytes = last;
        }
    }
}
