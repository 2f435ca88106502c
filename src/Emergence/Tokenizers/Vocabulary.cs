using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>Token texts and their ids, one to one. Ids may leave gaps.</summary>
internal sealed class Vocabulary(TokenizerFile file)
{
    /// <summary>Most tokens, and most merges, that a tokenizer may have; the largest published ones have 0.6 million merges.</summary>
    public const int MaximumEntries = 1_000_000;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string?> _texts = [];

    /// <summary>One more than the largest id.</summary>
    public int Size => _texts.Count;

    public string? this[int id] => (uint)id < (uint)_texts.Count ? _texts[id] : null;

    public int? Find(string text) => _ids.TryGetValue(text, out var id) ? id : null;

    /// <summary>Finds by a part of a longer text, without a copy.</summary>
    public Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ByPart() => _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    public void Add(string text, int id)
    {
        while (_texts.Count <= id)
            _texts.Add(null);
        if (_texts[id] is { } other)
            throw file.Error($"id {id} belongs to both {Printable.Quote(other)} and {Printable.Quote(text)}");
        if (!_ids.TryAdd(text, id))
            throw file.Error($"token {Printable.Quote(text)} has both id {_ids[text]} and id {id}");
        _texts[id] = text;
    }

    /// <summary>Reads {"token": id, ...}.</summary>
    public static Vocabulary FromJson(JsonField tokens)
    {
        var vocabulary = new Vocabulary(tokens.File);
        foreach (var (text, id) in tokens.Fields())
        {
            if (id.Element.ValueKind != System.Text.Json.JsonValueKind.Number || !id.Element.TryGetInt64(out var value)
                || value is < 0 or >= MaximumEntries)
                throw tokens.File.Error(
                    $"token {Printable.Quote(text)} must have an id from 0 to {MaximumEntries - 1}, found {Printable.Quote(id.Element.GetRawText())}");
            vocabulary.Add(text, (int)value);
        }

        return vocabulary;
    }
}
