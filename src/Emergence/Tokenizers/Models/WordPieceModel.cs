using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers.Models;

/// <summary>
/// Always the longest token that fits; after the first, tokens carry a mark. A word that does not work out is unknown as a whole.
/// </summary>
internal sealed class WordPieceModel : Model
{
    private readonly TokenizerFile _file;
    private readonly Vocabulary _vocabulary;
    private readonly TokenTrie _trie;
    private readonly string _unknown;
    private readonly string _continuing;
    private readonly int _mostCharacters;
    private readonly WordCache _cache;

    private WordPieceModel(JsonField field, Vocabulary vocabulary)
    {
        (_file, _vocabulary) = (field.File, vocabulary);
        _unknown = field["unk_token"].OptionalText() ?? "[UNK]";
        _continuing = field["continuing_subword_prefix"].IsNull ? "##" : field["continuing_subword_prefix"].Text();
        _mostCharacters = field["max_input_chars_per_word"].IsNull ? 100 : field["max_input_chars_per_word"].Whole(int.MaxValue);
        _cache = new(EncodeWord);
        _trie = UnigramModel.Trie(field.File, vocabulary);
    }

    public static WordPieceModel FromJson(JsonField field, Vocabulary vocabulary) => new(field, vocabulary);

    public override void Encode(ReadOnlySpan<char> word, TokenSink tokens) => _cache.Encode(word, tokens);

    private void EncodeWord(ReadOnlySpan<char> word, TokenSink tokens)
    {
        var first = tokens.Ids.Count;
        var (start, bytes) = (0, 0);
        var fits = Length(word) <= _mostCharacters;
        while (fits && start < word.Length && Longest(word[start..], start > 0, out var length, out var id))
        {
            var end = bytes + Encoding.UTF8.GetByteCount(word.Slice(start, length));
            tokens.Add(id, bytes, end);
            (start, bytes) = (start + length, end);
        }

        if (start == word.Length)
            return;
        tokens.Ids.RemoveRange(first, tokens.Ids.Count - first);
        tokens.Places?.RemoveRange(first, tokens.Places.Count - first);
        var unknown = _vocabulary.Find(_unknown);
        if (unknown < 0)
            throw _file.Error($"needs its unknown token {Printable.Quote(_unknown)} for a text, and the model's vocabulary has none");
        tokens.Add(unknown, 0, Encoding.UTF8.GetByteCount(word));
    }

    private bool Longest(ReadOnlySpan<char> text, bool continues, out int length, out int id)
    {
        (length, id) = (0, -1);
        var node = TokenTrie.Root;
        for (var i = 0; continues && node >= 0 && i < _continuing.Length; i++)
            node = _trie.Step(node, _continuing[i]);
        for (var i = 0; node >= 0 && i < text.Length && (node = _trie.Step(node, text[i])) >= 0; i++)
        {
            if (_trie.Value(node) >= 0)
                (length, id) = (i + 1, _trie.Value(node));
        }

        return id >= 0;
    }

    private static int Length(ReadOnlySpan<char> word)
    {
        var characters = 0;
        foreach (var unit in word)
            characters += char.IsLowSurrogate(unit) ? 0 : 1;
        return characters;
    }
}
