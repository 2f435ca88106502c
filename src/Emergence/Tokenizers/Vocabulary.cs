using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>Token texts and their ids, one to one. Ids may leave gaps. Flat arrays: 256,000 tokens take some 8 MB.</summary>
internal sealed class Vocabulary(TokenizerFile file)
{
    /// <summary>Most tokens, and most merges, that a tokenizer may have; the largest published ones have 0.6 million merges.</summary>
    public const int MaximumEntries = 1_000_000;

    private char[] _pool = new char[1024];
    private int _used;

    // Where the text of an id begins and how long it is; a length of -1 for an id that is not there.
    private int[] _starts = new int[64];
    private int[] _lengths = new int[64];

    // Open addressing over ids + 1, at most half full.
    private int[] _slots = new int[128];

    /// <summary>One more than the largest id.</summary>
    public int Size { get; private set; }

    /// <summary>How many tokens there are.</summary>
    public int Count { get; private set; }

    public string? this[int id] => Has(id) ? Text(id).ToString() : null;

    public bool Has(int id) => (uint)id < (uint)Size && _lengths[id] >= 0;

    /// <summary>The text of an id that is there.</summary>
    public ReadOnlySpan<char> Text(int id) => _pool.AsSpan(_starts[id], _lengths[id]);

    /// <summary>The id of a text, -1 if it is no token.</summary>
    public int Find(ReadOnlySpan<char> text)
    {
        for (var slot = string.GetHashCode(text) & (_slots.Length - 1); _slots[slot] != 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (Text(_slots[slot] - 1).SequenceEqual(text))
                return _slots[slot] - 1;
        }

        return -1;
    }

    public void Add(ReadOnlySpan<char> text, int id)
    {
        if (Has(id))
            throw file.Error($"id {id} belongs to both {Printable.Quote(this[id]!)} and {Printable.Quote(text.ToString())}");
        if (Find(text) is >= 0 and var other)
            throw file.Error($"token {Printable.Quote(text.ToString())} has both id {other} and id {id}");
        Grow(id, text.Length);
        text.CopyTo(_pool.AsSpan(_used));
        (_starts[id], _lengths[id]) = (_used, text.Length);
        _used += text.Length;
        Count++;
        Place(id);
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
                    $"token {Printable.Quote(text)} must have an id from 0 to {MaximumEntries - 1}, found "
                        + $"{Printable.Quote(id.Element.GetRawText())}");
            vocabulary.Add(text, (int)value);
        }

        return vocabulary;
    }

    private void Place(int id)
    {
        var slot = string.GetHashCode(Text(id)) & (_slots.Length - 1);
        while (_slots[slot] != 0)
            slot = (slot + 1) & (_slots.Length - 1);
        _slots[slot] = id + 1;
    }

    private void Grow(int id, int length)
    {
        if (id >= _lengths.Length)
        {
            Array.Resize(ref _starts, Math.Max(id + 1, 2 * _starts.Length));
            Array.Resize(ref _lengths, _starts.Length);
        }

        for (; Size <= id; Size++)
            _lengths[Size] = -1;
        if (_used + length > _pool.Length)
            Array.Resize(ref _pool, Math.Max(_used + length, 2 * _pool.Length));
        if (2 * (Count + 1) <= _slots.Length)
            return;
        _slots = new int[2 * _slots.Length];
        for (var known = 0; known < Size; known++)
        {
            if (Has(known))
                Place(known);
        }
    }
}
