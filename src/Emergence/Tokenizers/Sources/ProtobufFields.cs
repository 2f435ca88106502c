using System.Buffers.Binary;
using System.Text;

namespace Emergence.Tokenizers.Sources;

/// <summary>
/// Walks the fields of one protobuf message (protobuf.dev, "Encoding"): every field is a number, a wire type and a value
/// whose length is checked against the message before it is looked at.
/// </summary>
internal ref struct ProtobufFields(TokenizerFile file, ReadOnlySpan<byte> message)
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly TokenizerFile _file = file;
    private ReadOnlySpan<byte> _rest = message;
    private int _wireType;
    private ulong _number;
    private ReadOnlySpan<byte> _bytes;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Moves to the next field; false after the last.</summary>
    public bool Read()
    {
        if (_rest.IsEmpty)
            return false;
        var key = ReadVarint();
        _wireType = (int)(key & 7);
        if (key >> 3 is 0 or > 0x1FFFFFFF)
            throw Broken($"has field number {key >> 3}");
        Field = (int)(key >> 3);
        _number = 0;
        _bytes = default;
        switch (_wireType)
        {
            case Varint:
                _number = ReadVarint();
                break;
            case Fixed64:
                Take(8);
                break;
            case Bytes:
                Take(ReadVarint());
                break;
            case Fixed32:
                Take(4);
                break;
            default:
                throw Broken($"has wire type {_wireType} in field {Field}");
        }

        return true;
    }

    public readonly bool Flag() => Expect(Varint, _number != 0);

    /// <summary>An enumeration value; one that no 32-bit number holds becomes -1.</summary>
    public readonly int Choice() => Expect(Varint, _number <= int.MaxValue ? (int)_number : -1);

    public readonly float Single() => Expect(Fixed32, _wireType == Fixed32 ? BinaryPrimitives.ReadSingleLittleEndian(_bytes) : 0);

    public readonly ReadOnlySpan<byte> Message()
    {
        Expect(Bytes, true);
        return _bytes;
    }

    public readonly string Text()
    {
        try
        {
            return s_strict.GetString(Message());
        }
        catch (DecoderFallbackException error)
        {
            throw _file.Error($"field {Field} has a text that is not valid UTF-8", error);
        }
    }

    private readonly T Expect<T>(int wireType, T value) =>
        _wireType == wireType ? value : throw Broken($"has wire type {_wireType} in field {Field}, expected {wireType}");

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (var i = 0; i < 10; i++)
        {
            if (i >= _rest.Length)
                throw Broken("ends inside a number");
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw Broken("has a number of more than 10 bytes");
    }

    private void Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
            throw Broken($"field {Field} claims {length} bytes, {_rest.Length} are left");
        _bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
    }

    private readonly EmergenceException Broken(string what) => _file.Error($"not a SentencePiece model: {what}; fetch the file again");
}
