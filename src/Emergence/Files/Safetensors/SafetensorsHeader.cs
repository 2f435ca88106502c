using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Files.Safetensors;

/// <summary>
/// The safetensors format: 8 bytes with the header's length (little-endian), a JSON header, the tensors' bytes without
/// holes. The rules are those of the reference implementation and stricter if a file could mean two things: see the
/// tests, which hold one forged file per rule.
/// </summary>
internal ref struct SafetensorsHeader
{
    private const int LengthBytes = 8;
    private const long MaximumHeader = 100_000_000;
    private const int MaximumTensors = 1_000_000;
    private const int MaximumRank = 8;
    private const int MaximumNameBytes = 512;
    private const long MaximumMetadataChars = 1 << 24;
    private const int MaximumMetadataEntries = 100_000;
    private const string MetadataKey = "__metadata__";

    /// <summary>Sizes and offsets stay below this, so that sums of them cannot overflow.</summary>
    private const long MaximumNumber = 1L << 48;

    private readonly CheckpointFile _file;
    private readonly long _dataStart;
    private JsonTokens _tokens;
    private ImmutableArray<long> _lastShape = [];
    private Dictionary<string, string>? _metadata;
    private string _name = "";

    private SafetensorsHeader(CheckpointFile file, long headerLength)
    {
        _file = file;
        _dataStart = LengthBytes + headerLength;
        _tokens = new(file, "header", LengthBytes, _dataStart);
    }

    /// <summary>The subject of an error about the current tensor; made only then, because a file may hold a million of them.</summary>
    private readonly string Subject => $"tensor {Printable.Quote(_name)}";

    /// <summary>Reads and checks the whole header; not one byte of the tensors is read.</summary>
    public static (Dictionary<string, TensorEntry> Tensors, Dictionary<string, string> Metadata) Read(CheckpointFile file)
    {
        var header = new SafetensorsHeader(file, ReadLength(file));
        var tensors = header.ReadRoot();
        header.CheckLayout(tensors);
        return (tensors, header._metadata ?? []);
    }

    private static long ReadLength(CheckpointFile file)
    {
        if (file.Length < LengthBytes)
            throw file.Error($"is {file.Length} bytes: not a safetensors file (needs at least 10)");
        Span<byte> bytes = stackalloc byte[LengthBytes];
        file.Read(0, bytes, "the header's length");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (length == 0)
            throw file.Error("empty header: not a safetensors file");
        if (length <= MaximumHeader && (long)length <= file.Length - LengthBytes)
            return (long)length;

        if (ForeignFormat.Recognise(file) is { } kind)
            throw file.Error(kind);
        if (length <= MaximumHeader)
            throw file.Error($"header claims {length} bytes, file has {file.Length}: truncated download?");
        var swapped = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        var hint = swapped <= (ulong)(file.Length - LengthBytes) ? "; the bytes look big-endian" : "";
        throw file.Error($"header length {length} over the 100 MB limit{hint}");
    }

    private Dictionary<string, TensorEntry> ReadRoot()
    {
        var tensors = new Dictionary<string, TensorEntry>();
        _tokens.Read();
        if (_tokens.Type != JsonTokenType.StartObject)
            throw _tokens.Error("header must be an object");
        while (_tokens.Read() && _tokens.Type == JsonTokenType.PropertyName)
        {
            var name = _tokens.Text("tensor name");
            if (name == MetadataKey)
            {
                ReadMetadata();
                continue;
            }

            CheckName(name);
            if (tensors.Count == MaximumTensors)
                throw _tokens.Error("over 1,000,000 tensors");
            if (!tensors.TryAdd(name, ReadTensor(name)))
                throw _file.Error($"duplicate tensor name {Printable.Quote(name)}");
        }

        // Only white space may follow the object.
        _tokens.Read();
        return tensors;
    }

    private void CheckName(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) > MaximumNameBytes)
            throw _tokens.Error($"tensor name over {MaximumNameBytes} bytes");
        foreach (var character in name)
        {
            if (char.IsControl(character))
                throw _tokens.Error("tensor name with a control character");
        }
    }

    private void ReadMetadata()
    {
        if (_metadata != null)
            throw _file.Error($"duplicate {MetadataKey}");
        _metadata = [];
        _tokens.Read();
        if (_tokens.Type == JsonTokenType.Null)
            return;
        if (_tokens.Type != JsonTokenType.StartObject)
            throw _tokens.Error($"{MetadataKey} must be an object of strings");
        var total = 0L;
        while (_tokens.Read() && _tokens.Type == JsonTokenType.PropertyName)
        {
            var key = _tokens.Text("metadata name");
            _tokens.Read();
            if (_tokens.Type != JsonTokenType.String)
                throw _tokens.Error($"metadata {Printable.Quote(key)} must be a string");
            var value = _tokens.Text("metadata", key);
            total += key.Length + value.Length;
            if (total > MaximumMetadataChars || _metadata.Count == MaximumMetadataEntries)
                throw _file.Error($"{MetadataKey} over {MaximumMetadataEntries} entries or {MaximumMetadataChars} characters");
            if (!_metadata.TryAdd(key, value))
                throw _file.Error($"duplicate metadata name {Printable.Quote(key)}");
        }
    }

    private TensorEntry ReadTensor(string name)
    {
        _name = name;
        _tokens.Read();
        if (_tokens.Type != JsonTokenType.StartObject)
            throw _tokens.Error($"{Subject} must be an object");
        (string Name, int Bits)? type = null;
        ImmutableArray<long>? shape = null;
        (long Begin, long End)? offsets = null;
        while (_tokens.Read() && _tokens.Type == JsonTokenType.PropertyName)
        {
            var field = _tokens.Text("field name", _name);
            var duplicate = field switch
            {
                "dtype" => type != null,
                "shape" => shape != null,
                "data_offsets" => offsets != null,
                _ => false,
            };
            if (duplicate)
                throw _file.Error($"{Subject}: duplicate field '{field}'");
            _tokens.Read();
            switch (field)
            {
                case "dtype":
                    type = ReadType();
                    break;
                case "shape":
                    shape = ReadShape();
                    break;
                case "data_offsets":
                    offsets = ReadOffsets();
                    break;
                default:
                    throw _tokens.Error($"{Subject}: unknown field {Printable.Quote(field)}");
            }
        }

        var missing = type == null ? "dtype" : shape == null ? "shape" : offsets == null ? "data_offsets" : null;
        if (missing != null)
            throw _file.Error($"{Subject}: field '{missing}' is missing");
        CheckSize(type!.Value, shape!.Value, offsets!.Value);
        return new(name, type.Value.Name, shape.Value, _dataStart + offsets.Value.Begin, _dataStart + offsets.Value.End);
    }

    private (string Name, int Bits) ReadType()
    {
        if (_tokens.Type != JsonTokenType.String)
            throw _tokens.Error($"{Subject}: dtype must be a string");
        return StoredType.TryFind(_tokens.Text("dtype", _name), out var type)
            ? type
            : throw _tokens.Error($"{Subject}: unknown dtype");
    }

    private ImmutableArray<long> ReadShape()
    {
        if (_tokens.Type != JsonTokenType.StartArray)
            throw _tokens.Error($"{Subject}: shape must be an array");
        Span<long> sizes = stackalloc long[MaximumRank];
        var rank = 0;
        while (_tokens.Read() && _tokens.Type != JsonTokenType.EndArray)
        {
            if (rank == MaximumRank)
                throw _file.Error($"{Subject}: rank over {MaximumRank}");
            if (!_tokens.TryWhole(MaximumNumber, out sizes[rank]))
                throw _tokens.Error($"{Subject}: shape[{rank}] must be a whole number from 0 to 2^48");
            rank++;
        }

        // Neighbours often have equal shapes; sharing them keeps a million tensors small.
        if (!sizes[..rank].SequenceEqual(_lastShape.AsSpan()))
            _lastShape = [.. sizes[..rank]];
        return _lastShape;
    }

    private (long Begin, long End) ReadOffsets()
    {
        if (_tokens.Type != JsonTokenType.StartArray)
            throw _tokens.Error($"{Subject}: data_offsets must be an array of two numbers");
        Span<long> offsets = stackalloc long[2];
        for (var index = 0; index < 2; index++)
        {
            _tokens.Read();
            if (!_tokens.TryWhole(MaximumNumber, out offsets[index]))
                throw _tokens.Error($"{Subject}: data_offsets[{index}] must be a whole number from 0 to 2^48");
        }

        _tokens.Read();
        if (_tokens.Type != JsonTokenType.EndArray)
            throw _tokens.Error($"{Subject}: data_offsets must be two numbers");
        if (offsets[1] < offsets[0])
            throw _file.Error($"{Subject}: data_offsets [{offsets[0]},{offsets[1]}] end before they begin");
        return (offsets[0], offsets[1]);
    }

    private readonly void CheckSize((string Name, int Bits) type, ImmutableArray<long> shape, (long Begin, long End) offsets)
    {
        UInt128 bits = (uint)type.Bits;
        foreach (var size in shape)
        {
            // The limit is applied at every step, in the order of the file, so no later 0 can hide an overflow.
            bits *= (ulong)size;
            if (bits > 8 * (UInt128)MaximumNumber)
                throw _file.Error($"{Subject}: shape too large: [{string.Join(',', shape)}] of {type.Name} is over 2^48 bytes");
        }

        if (bits % 8 != 0)
            throw _file.Error($"{Subject}: shape [{string.Join(',', shape)}] of {type.Name} is {bits} bits, not whole bytes");
        if (bits / 8 != (UInt128)(offsets.End - offsets.Begin))
            throw _file.Error(
                $"{Subject}: shape [{string.Join(',', shape)}] of {type.Name} needs {bits / 8} bytes, "
                + $"data_offsets [{offsets.Begin},{offsets.End}] hold {offsets.End - offsets.Begin}");
    }

    /// <summary>Together the tensors must cover the data without hole, overlap or rest.</summary>
    private readonly void CheckLayout(Dictionary<string, TensorEntry> tensors)
    {
        var sorted = tensors.Values.ToArray();
        Array.Sort(sorted, (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        var end = _dataStart;
        TensorEntry? previous = null;
        foreach (var tensor in sorted)
        {
            if (tensor.Begin != end && previous == null)
                throw _file.Error(
                    $"first tensor {Printable.Quote(tensor.Name)} begins at {tensor.Begin - _dataStart} of the data, not at 0");
            if (tensor.Begin > end)
                throw _file.Error(
                    $"gap of {tensor.Begin - end} bytes between {Printable.Quote(previous!.Name)} and {Printable.Quote(tensor.Name)}");
            if (tensor.Begin < end)
                throw _file.Error(
                    $"tensors {Printable.Quote(previous!.Name)} and {Printable.Quote(tensor.Name)} overlap by {end - tensor.Begin} bytes");
            end = tensor.End;
            previous = tensor;
        }

        if (_file.Length < end)
            throw _file.Error($"expected {end} bytes, have {_file.Length}: truncated");
        if (_file.Length > end)
            throw _file.Error($"{_file.Length - end} bytes after the last tensor: not a plain safetensors file");
    }
}
