using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;
using Emergence.Devices;

namespace Emergence.Files.Safetensors;

/// <summary>A tensor that a file will hold: a type of the format (e.g. "F32") and a row-major shape.</summary>
public sealed record TensorDeclaration(string Name, string DType, ImmutableArray<long> Shape);

/// <summary>
/// Writes a safetensors file whose tensors are declared first and may be larger than memory. The bytes go to a file
/// beside the target that takes its name in <see cref="Commit"/>, when they are safe on the disk: the target is never
/// half written. Equal declarations and data give equal bytes.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private const int HeaderAlignment = 8;

    private readonly WholeFile _file;
    private readonly Dictionary<string, (long Next, long End)> _open = [];

    private SafetensorsWriter(string path) => _file = new WholeFile(path);

    /// <summary>Starts a file; nothing is visible at the path until <see cref="Commit"/>.</summary>
    public static SafetensorsWriter Create(
        string path, IReadOnlyList<TensorDeclaration> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var writer = new SafetensorsWriter(path);
        try
        {
            writer._file.Put(0, Header(tensors, metadata ?? ImmutableDictionary<string, string>.Empty, writer._open));
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Appends bytes to a tensor. Tensors may be written in any order and by turns.</summary>
    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        var (next, end) = _open[name];
        if (bytes.Length > end - next)
            throw new ArgumentException($"{bytes.Length} bytes for tensor {name}, which lacks {end - next}");
        _file.Put(next, bytes);
        _open[name] = (next + bytes.Length, end);
    }

    /// <summary>Makes the file durable and gives it its name; every tensor must be complete.</summary>
    public void Commit()
    {
        foreach (var (name, (next, end)) in _open)
        {
            if (next != end)
                throw new InvalidOperationException($"tensor {name} lacks {end - next} bytes");
        }

        _file.Commit();
    }

    /// <summary>Without a commit the data written so far are deleted.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>
    /// Length and JSON header. Wide types come first, so that every tensor is aligned; otherwise tensors lie in the order
    /// of their declaration. Also tells where each tensor's bytes go.
    /// </summary>
    private static byte[] Header(
        IReadOnlyList<TensorDeclaration> tensors, IReadOnlyDictionary<string, string> metadata, Dictionary<string, (
            long Next, long End)> places)
    {
        var text = new ArrayBufferWriter<byte>();
        var end = 0L;
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            foreach (var tensor in tensors.OrderByDescending(tensor => StoredType.Bits(tensor.DType)))
            {
                var begin = end;
                end += tensor.Shape.Aggregate((long)StoredType.Bits(tensor.DType), (bits, size) => checked(bits * size)) / 8;
                places.Add(tensor.Name, (begin, end));
                WriteTensor(json, tensor, begin, end);
            }

            json.WriteEndObject();
        }

        var padded = Ceiling.Multiple(text.WrittenCount, HeaderAlignment);
        var header = new byte[HeaderAlignment + padded];
        BinaryPrimitives.WriteInt64LittleEndian(header, padded);
        text.WrittenSpan.CopyTo(header.AsSpan(HeaderAlignment));
        header.AsSpan(HeaderAlignment + text.WrittenCount).Fill((byte)' ');
        foreach (var (name, place) in places)
            places[name] = (place.Next + header.Length, place.End + header.Length);
        return header;
    }

    private static void WriteTensor(Utf8JsonWriter json, TensorDeclaration tensor, long begin, long end)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.DType);
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
