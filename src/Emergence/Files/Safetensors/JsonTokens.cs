using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Emergence.Messages;

namespace Emergence.Files.Safetensors;

/// <summary>
/// Walks the JSON tokens of a part of a file through a small window, so that a hostile file costs time in proportion to
/// what was read and no memory. Everything the JSON reader can throw becomes an error that names the file and the byte.
/// </summary>
internal ref struct JsonTokens
{
    private const int MaximumDepth = 64;
    private const int FirstWindow = 1 << 16;
    private const int MaximumWindow = 1 << 24;

    private readonly CheckpointFile _file;
    private readonly string _what;
    private readonly long _end;
    private byte[] _window = new byte[FirstWindow];
    private int _filled;
    private long _windowStart;
    private Utf8JsonReader _reader;

    /// <summary>JSON in bytes [begin, end) of the file; <paramref name="what"/> names it in errors.</summary>
    public JsonTokens(CheckpointFile file, string what, long begin, long end)
    {
        _file = file;
        _what = what;
        _end = end;
        _windowStart = begin;
        _reader = new(ReadOnlySpan<byte>.Empty, isFinalBlock: false, new JsonReaderState(new() { MaxDepth = MaximumDepth + 2 }));
    }

    public readonly JsonTokenType Type => _reader.TokenType;

    public readonly bool IsContainer => Type is JsonTokenType.StartObject or JsonTokenType.StartArray;

    /// <summary>Byte in the file where the current token begins.</summary>
    private readonly long TokenStart => _windowStart + _reader.TokenStartIndex;

    /// <summary>Moves to the next token; false after the last one.</summary>
    public bool Read()
    {
        try
        {
            while (!_reader.Read())
            {
                if (_reader.IsFinalBlock)
                    return false;
                Refill();
            }
        }
        catch (JsonException error)
        {
            throw _file.Error($"{_what} is not valid JSON at byte {_windowStart + _reader.BytesConsumed}", error);
        }

        if (IsContainer && _reader.CurrentDepth >= MaximumDepth)
            throw _file.Error($"{_what} is nested deeper than {MaximumDepth} at byte {TokenStart}");
        return true;
    }

    /// <summary>Passes over the value at the current token.</summary>
    public void Skip()
    {
        if (!IsContainer)
            return;
        for (var depth = _reader.CurrentDepth; Read() && _reader.CurrentDepth > depth;)
        {
        }
    }

    /// <summary>The current string or property name; <paramref name="what"/> and the name it belongs to appear in errors.</summary>
    public readonly string Text(string what, string? owner = null)
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            var invalid = FirstInvalidByte(_reader.ValueSpan);
            if (owner != null)
                what = $"{what} of {Printable.Quote(owner)}";
            throw _file.Error(
                invalid < 0
                    ? $"{what} is not valid Unicode: it has half a surrogate pair, at byte {TokenStart}"
                    : $"{what} is not valid UTF-8 at byte {TokenStart + 1 + invalid}",
                error);
        }
    }

    /// <summary>The current number, if it is written in plain digits and at most <paramref name="limit"/>.</summary>
    public readonly bool TryWhole(long limit, out long value)
    {
        value = 0;
        if (Type != JsonTokenType.Number || _reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        foreach (var digit in _reader.ValueSpan)
        {
            value = value * 10 + (digit - '0');
            if (value > limit)
                return false;
        }

        return true;
    }

    /// <summary>
    /// An error about the current token. A container is walked to its end first: broken or too deep JSON inside it is
    /// the better message.
    /// </summary>
    public EmergenceException Error(string message)
    {
        var position = TokenStart;
        var found = Type switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "an array",
            JsonTokenType.EndArray => "the end of the array",
            JsonTokenType.Number => Printable.Escape(Encoding.UTF8.GetString(_reader.ValueSpan)),
            JsonTokenType.String or JsonTokenType.PropertyName => $"\"{Printable.Escape(Text(_what))}\"",
            _ => Type.ToString().ToLowerInvariant(),
        };
        Skip();
        return _file.Error($"{message}, found {found} at byte {position}");
    }

    private void Refill()
    {
        var consumed = (int)_reader.BytesConsumed;
        var kept = _filled - consumed;
        var old = _window;
        if (kept == _window.Length)
        {
            if (kept >= MaximumWindow)
                throw _file.Error($"{_what} has a text longer than {MaximumWindow} bytes at byte {_windowStart}");
            _window = new byte[kept * 2];
        }

        old.AsSpan(consumed, kept).CopyTo(_window);
        _windowStart += consumed;
        var next = _windowStart + kept;
        var count = (int)Math.Min(_window.Length - kept, _end - next);
        _file.Read(next, _window.AsSpan(kept, count), _what);
        _filled = kept + count;
        _reader = new(_window.AsSpan(0, _filled), isFinalBlock: next + count == _end, _reader.CurrentState);
    }

    private static int FirstInvalidByte(ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text))
            return -1;
        for (var index = 0; ;)
        {
            if (Rune.DecodeFromUtf8(text[index..], out _, out var length) != System.Buffers.OperationStatus.Done)
                return index;
            index += length;
        }
    }
}
