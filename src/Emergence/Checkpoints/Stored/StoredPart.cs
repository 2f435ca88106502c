using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;

namespace Emergence.Checkpoints.Stored;

/// <summary>One tensor of a packed matrix, kept in the host's memory byte by byte as it is in the file.</summary>
internal sealed class StoredPart(TensorEntry entry) : IDisposable
{
    private readonly int _size = StoredType.Bits(entry.DType) / 8;
    private HostBuffer? _memory;
    private long _place;
    private bool _owns;

    public TensorEntry Entry => entry;

    public bool IsLoaded => _memory != null;

    /// <summary>Where the loaded tensor lies.</summary>
    public PackedBytes Bytes => new(_memory!, _place, entry.ByteLength);

    /// <summary>The loaded tensor as scales.</summary>
    public PackedScales Scales => new(Bytes, entry.DType switch
    {
        "F32" => PackedScale.Float32,
        "F16" => PackedScale.Float16,
        "BF16" => PackedScale.BFloat16,
        "F8_E4M3" => PackedScale.E4M3,
        "F8_E8M0" or "U8" => PackedScale.E8M0,
        _ => throw new InvalidOperationException($"{entry.Name}: {entry.DType} is no type of scales"),
    });

    /// <summary>One of so many equal parts along the first size, not yet read; null if that is no multiple.</summary>
    public StoredPart? Part(int index, int count)
    {
        if (entry.Shape.Length == 0 || entry.Shape[0] % count != 0)
            return null;
        var bytes = entry.ByteLength / count;
        var begin = entry.Begin + index * bytes;
        return new(entry with { Shape = entry.Shape.SetItem(0, entry.Shape[0] / count), Begin = begin, End = begin + bytes });
    }

    /// <summary>Reads the tensor into memory of its own; NaN and infinities are refused unless
    /// <paramref name="allowNonFinite"/>. What is read <paramref name="once"/> leaves the kernel's cache.</summary>
    public void Load(Checkpoint checkpoint, bool allowNonFinite, bool once)
    {
        (_memory, _place, _owns) = (new HostBuffer(entry.ByteLength), 0, true);
        checkpoint.Read(entry, _memory, _place, allowNonFinite, once);
    }

    /// <summary>The tensor lies in memory of another, from that byte on.</summary>
    public void Place(HostBuffer memory, long place)
    {
        Dispose();
        (_memory, _place, _owns) = (memory, place, false);
    }

    /// <summary>Elements <paramref name="start"/> .. start + count - 1 of row-major order.</summary>
    public ReadOnlySpan<T> Elements<T>(long start, int count)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(_memory!.Slice(_place + start * _size, count * _size));

    /// <summary>Bytes whose element type says nothing, because they hold packed codes.</summary>
    public ReadOnlySpan<byte> Slice(long start, int count) => _memory!.Slice(_place + start, count);

    /// <summary>One element of a floating-point type, exactly.</summary>
    public float Float(long index)
    {
        var bytes = _memory!.Slice(_place + index * _size, _size);
        return entry.DType switch
        {
            "F32" => BinaryPrimitives.ReadSingleLittleEndian(bytes),
            "F16" => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            "BF16" => BFloat16.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes)),
            "F8_E4M3" => SmallFloats.E4M3[bytes[0]],
            "F8_E8M0" or "U8" => SmallFloats.E8M0[bytes[0]],
            _ => throw new InvalidOperationException($"{entry.Name}: {entry.DType} is no type of scales"),
        };
    }

    public void Dispose()
    {
        if (_owns)
            _memory?.Dispose();
        _memory = null;
    }
}
