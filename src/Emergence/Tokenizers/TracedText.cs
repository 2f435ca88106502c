namespace Emergence.Tokenizers;

/// <summary>Bytes of a text in UTF-8, from the first to before the last.</summary>
internal readonly record struct ByteRange(int Start, int End);

/// <summary>
/// A stretch of a text on its way through a tokenizer. Where places are asked for, it knows of each of its characters which
/// bytes of the original text it came from.
/// </summary>
internal readonly struct TracedText
{
    private readonly string _text;
    private readonly int _start;

    // One for each UTF-16 unit of _text; null if nobody asks.
    private readonly ByteRange[]? _places;

    public TracedText(string text, ByteRange[]? places = null)
        : this(text, places, 0, text.Length)
    {
    }

    private TracedText(string text, ByteRange[]? places, int start, int length)
    {
        _text = text;
        _places = places;
        _start = start;
        Length = length;
    }

    /// <summary>UTF-16 units.</summary>
    public int Length { get; }

    public bool IsTraced => _places != null;

    public ReadOnlySpan<char> Span => _text.AsSpan(_start, Length);

    public char this[int index] => _text[_start + index];

    /// <summary>An original text, every character of which stands for its own bytes.</summary>
    public static TracedText Trace(string text)
    {
        var places = new ByteRange[text.Length];
        var bytes = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var pair = char.IsSurrogatePair(text, i);
            var next = bytes + (text[i] < 0x80 ? 1 : text[i] < 0x800 ? 2 : pair ? 4 : 3);
            places[i] = new(bytes, next);
            if (pair)
                places[++i] = new(bytes, next);
            bytes = next;
        }

        return new(text, places);
    }

    public TracedText Slice(int start, int end) =>
        start >= 0 && start <= end && end <= Length
            ? new(_text, _places, _start + start, end - start)
            : throw new ArgumentOutOfRangeException(nameof(start), $"{start}..{end} of {Length}");

    /// <summary>The original bytes of one character of a traced text.</summary>
    public ByteRange Place(int index) => _places![_start + index];

    /// <summary>From the original bytes of the first to those of the last of some characters.</summary>
    public ByteRange Place(int start, int end) => new(Place(start).Start, Place(end - 1).End);

    public override string ToString() => Length == _text.Length ? _text : _text.Substring(_start, Length);
}
