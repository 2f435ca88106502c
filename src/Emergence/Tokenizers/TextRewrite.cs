using System.Text;

namespace Emergence.Tokenizers;

/// <summary>Writes a changed copy of a text, front to back; all that is put takes the place of a character of the source.</summary>
internal sealed class TextRewrite(TracedText source)
{
    // A step may make a text longer, not explode it: files say what is put for a character.
    private const int FreeGrowth = 1 << 20, MostGrowth = 64;

    private readonly TracedText _source = source;
    private readonly StringBuilder _text = new(source.Length + 8);
    private readonly List<ByteRange>? _places = source.IsTraced ? new(source.Length + 8) : null;
    private readonly long _mostUnits = FreeGrowth + (long)MostGrowth * source.Length;

    /// <summary>Each character in turn, with its index, is handed to a step that puts what becomes of it.</summary>
    public static TracedText Each(TracedText source, Action<TextRewrite, Rune, int> put)
    {
        var rewrite = new TextRewrite(source);
        var index = 0;
        foreach (var rune in source.Span.EnumerateRunes())
        {
            put(rewrite, rune, index);
            index += rune.Utf16SequenceLength;
        }

        return rewrite.Done();
    }

    /// <summary>The characters that are to be kept.</summary>
    public static TracedText Filter(TracedText source, Func<Rune, bool> keep) => Each(source, (rewrite, rune, index) =>
    {
        if (keep(rune))
            rewrite.Put(rune, index);
    });

    /// <summary>Every match becomes the content, at the place of the match's last character.</summary>
    public static TracedText Replace(TracedText source, IEnumerable<(int Start, int End)> matches, string content)
    {
        var rewrite = new TextRewrite(source);
        var done = 0;
        foreach (var (start, end) in matches)
        {
            rewrite.Copy(done, start);
            rewrite.Put(content, end - 1);
            done = end;
        }

        if (done == 0 && rewrite._text.Length == 0)
            return source;
        rewrite.Copy(done, source.Length);
        return rewrite.Done();
    }

    public void Copy(int start, int end)
    {
        _text.Append(_source.Span[start..end]);
        for (var i = start; _places != null && i < end; i++)
            _places.Add(_source.Place(i));
    }

    /// <summary>Puts a text where a character of the source was; an index before the first means the beginning.</summary>
    public void Put(ReadOnlySpan<char> text, int index)
    {
        if (_text.Length + (long)text.Length > _mostUnits)
            throw new EmergenceException($"the tokenizer's normalizer makes more than {_mostUnits} characters of {_source.Length}");
        _text.Append(text);
        if (_places == null || text.IsEmpty)
            return;
        var place = index >= 0 ? _source.Place(index) : new ByteRange(0, 0);
        for (var i = 0; i < text.Length; i++)
            _places.Add(place);
    }

    public void Put(Rune rune, int index)
    {
        Span<char> units = stackalloc char[2];
        Put(units[..rune.EncodeToUtf16(units)], index);
    }

    public TracedText Done() => new(_text.ToString(), _places?.ToArray());
}
