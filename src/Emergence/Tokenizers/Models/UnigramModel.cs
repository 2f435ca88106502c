using System.Text;

namespace Emergence.Tokenizers.Models;

/// <summary>Unigram of tokenizer.json: the pieces of the best total score, as the tokenizers library finds them.</summary>
internal sealed class UnigramModel : Model
{
    // A character that no piece covers costs so much more than the worst piece.
    private const double Penalty = 10;
    private const int LongestPiece = 4096;

    private readonly TokenizerFile _file;
    private readonly Vocabulary _vocabulary;
    private readonly BestPath _path;
    private readonly int _unknown;
    private readonly bool _byteFallback;
    private readonly WordCache _cache;

    private UnigramModel(TokenizerFile file, Vocabulary vocabulary, List<double> scores, int unknown, bool byteFallback)
    {
        (_file, _vocabulary, _unknown, _byteFallback) = (file, vocabulary, unknown, byteFallback);
        _cache = new(EncodeWord);
        _path = new(Trie(file, vocabulary), [.. scores], (unknown, scores.Min() - Penalty), single: false);
    }

    /// <summary>Reads "vocab", a list of [text, score], and the settings beside it.</summary>
    public static (Vocabulary Vocabulary, Model Model) FromJson(JsonField field)
    {
        var vocabulary = new Vocabulary(field.File);
        var scores = new List<double>();
        foreach (var item in field["vocab"].Items())
        {
            if (scores.Count == Vocabulary.MaximumEntries)
                throw field["vocab"].Error($"a list of at most {Vocabulary.MaximumEntries} pieces");
            var (text, score) = item.Pair();
            vocabulary.Add(text.Text(), scores.Count);
            scores.Add(score.Number());
        }

        if (scores.Count == 0)
            throw field["vocab"].Error("a list with at least one piece");
        var unknown = field["unk_id"].IsNull ? -1 : field["unk_id"].Whole(scores.Count - 1);
        return (vocabulary, new UnigramModel(field.File, vocabulary, scores, unknown, field["byte_fallback"].Flag(absent: false)));
    }

    /// <summary>All pieces, ready to be walked.</summary>
    public static TokenTrie Trie(TokenizerFile file, Vocabulary vocabulary, Func<int, bool>? belongs = null)
    {
        var trie = new TokenTrie(file, "pieces");
        for (var id = 0; id < vocabulary.Size; id++)
        {
            if (!vocabulary.Has(id) || vocabulary.Text(id).IsEmpty || belongs?.Invoke(id) == false)
                continue;
            if (vocabulary.Text(id).Length > LongestPiece)
                throw file.Error($"piece {id} must have at most {LongestPiece} characters, found {vocabulary.Text(id).Length}");
            trie.Add(vocabulary.Text(id), id);
        }

        return trie;
    }

    public override void Encode(ReadOnlySpan<char> word, TokenSink tokens) => _cache.Encode(word, tokens);

    private void EncodeWord(ReadOnlySpan<char> word, TokenSink tokens)
    {
        var path = _path.Find(word);
        var bytes = 0;
        for (int i = 0, last; i < path.Count; i = last)
        {
            if (path[i].Id < 0)
                throw _file.Error("has no unk_id, and a text has characters without a piece");

            // Unknown characters in a row are one.
            last = i + 1;
            while (path[i].Id == _unknown && last < path.Count && path[last].Id == _unknown)
                last++;
            var text = word[path[i].Start..path[last - 1].End];
            var end = bytes + Encoding.UTF8.GetByteCount(text);
            AddPiece(text, bytes, end, tokens);
            bytes = end;
        }
    }

    private void AddPiece(ReadOnlySpan<char> text, int start, int end, TokenSink tokens)
    {
        if (_vocabulary.Find(text) is >= 0 and var id)
        {
            tokens.Add(id, start, end);
            return;
        }

        Span<byte> bytes = new byte[_byteFallback ? end - start : 0];
        if (_byteFallback)
            Encoding.UTF8.GetBytes(text, bytes);
        var ids = bytes.ToArray().Select(value => _vocabulary.Find(BytePairModel.ByteToken(value))).ToArray();
        if (_byteFallback && ids.All(found => found >= 0))
        {
            foreach (var found in ids)
                tokens.Add(found, start, end);
        }
        else
        {
            tokens.Add(_unknown, start, end);
        }
    }
}
