using System.Buffers;
using System.Text;
using Emergence.Messages;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tokenizers.Added;

/// <summary>
/// The tokens that lie over a model's vocabulary, which never sees them. Cuts them out of a text: first those looked for as written,
/// then, in the rest, the normalized ones. Knows the names of all tokens, its own and the model's.
/// </summary>
internal sealed class AddedTokens
{
    // Longest added token: bounds the time of a search in a text that keeps beginning to match.
    private const int MaximumLength = 1024;

    private readonly Vocabulary _model;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, AddedToken> _tokens = [];
    private readonly Dictionary<int, string> _written = [];
    private readonly TokenTrie _asWritten;
    private readonly TokenTrie _normalized;
    private readonly Normalizer _normalize;
    private int _highest = -1;

    /// <summary>Added tokens in the order in which they are listed, which decides about ids; a text counts once.</summary>
    public AddedTokens(TokenizerFile file, IEnumerable<AddedToken> tokens, Vocabulary model, Normalizer normalize)
    {
        (_asWritten, _normalized) = (new(file, "added tokens"), new(file, "added tokens"));
        (_model, _normalize) = (model, normalize);
        var list = tokens.ToList();
        foreach (var token in list)
            Name(file, token);

        // Of texts that become equal, a special token's is preferred.
        foreach (var token in list.OrderBy(token => !token.Special))
        {
            var text = token.Normalized ? normalize(new(token.Text)).ToString() : token.Text;
            if (text.Length is 0 or > MaximumLength)
                throw file.Error(
                    $"added token {Printable.Quote(token.Text)} must have 1 to {MaximumLength} characters to look for, found "
                        + $"{text.Length}");
            (token.Normalized ? _normalized : _asWritten).Add(text, _ids[token.Text]);
            _written.TryAdd(_ids[token.Text], text);
        }
    }

    /// <summary>One more than the largest id of all tokens.</summary>
    public int Size => Math.Max(_model.Size, _highest + 1);

    /// <summary>The id of a token; null if it is none.</summary>
    public int? Find(string text) =>
        _ids.TryGetValue(text, out var id) || (id = _model.Find(text)) >= 0 ? id : null;

    /// <summary>The text of a token; null if it is none.</summary>
    public string? this[int id] => _tokens.TryGetValue(id, out var token) ? token.Text : _model[id];

    /// <summary>The text of a token as decoders get it: a normalized one as it is looked for.</summary>
    public string? Written(int id) => _written.TryGetValue(id, out var text) ? text : _model[id];

    public bool IsSpecial(int id) => _tokens.TryGetValue(id, out var token) && token.Special;

    /// <summary>The parts of a text in order: added tokens with their id, the rest, normalized, with -1. No part is empty.</summary>
    public IEnumerable<(TracedText Text, int Id)> Split(TracedText text)
    {
        foreach (var (raw, rawId) in Cut(text, _asWritten))
        {
            if (rawId >= 0)
            {
                yield return (raw, rawId);
                continue;
            }

            foreach (var part in Cut(_normalize(raw), _normalized))
                yield return part;
        }
    }

    /// <summary>
    /// The library's own rule: a token of the model keeps its id, another has the next one above all, which begins with the number of
    /// tokens that the model has. It passes over the id that a file gives.
    /// </summary>
    private void Name(TokenizerFile file, AddedToken token)
    {
        if (_ids.ContainsKey(token.Text))
            throw file.Error($"added token {Printable.Quote(token.Text)} is listed twice");
        var known = _model.Find(token.Text);
        var id = known >= 0 ? known : Math.Max(_model.Count, _highest + 1);
        if (token.Id is { } given && given != id)
        {
            throw file.Error($"added token {Printable.Quote(token.Text)} has id {given}, and the tokenizers library gives it {id} "
                + $"({(known >= 0 ? "its id in the vocabulary" : "the next one")})");
        }

        _ids.Add(token.Text, id);
        _tokens[id] = token;
        _highest = Math.Max(_highest, id);
    }

    private IEnumerable<(TracedText Text, int Id)> Cut(TracedText text, TokenTrie trie)
    {
        var done = 0;
        for (var i = 0; i < text.Length && !trie.IsEmpty;)
        {
            if (!trie.TryMatch(text.Span[i..], out var length, out var id))
            {
                i++;
                continue;
            }

            var token = _tokens[id];
            var (start, stop) = (i, i + length);
            i = stop;
            if (token.SingleWord && (EndsWithWord(text.Span[..start]) || StartsWithWord(text.Span[stop..])))
                continue;
            while (token.StripLeft && start > done && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.StripRight && stop < text.Length && char.IsWhiteSpace(text[stop]))
                stop++;
            if (start > done)
                yield return (text.Slice(done, start), -1);
            yield return (text.Slice(start, stop), id);
            done = stop;
        }

        if (done < text.Length)
            yield return (text.Slice(done, text.Length), -1);
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && Characters.IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && Characters.IsWord(rune);
}
