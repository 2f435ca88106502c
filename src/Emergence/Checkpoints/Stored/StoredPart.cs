using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Checkpoints.Stored;

/// <summary>One tensor of a packed matrix, kept in the host's memory byte by byte as it is in the file.</summary>
internal sealed class StoredPart(TensorEntry entry) : IDisposable
{
    /// <summary>Scanned while still in the cache.</summary>
    private const int PieceBytes = 1 << 20;

    private readonly int _size = StoredType.Bits(entry.DType) / 8;
    private HostBuffer? _memory;

    public TensorEntry Entry => entry;

    /// <summary>Reads the tensor; NaN and infinities are refused unless <paramref name="allowNonFinite"/>.</summary>
    public void Load(Checkpoint checkpoint, bool allowNonFinite)
    {
        _memory = new HostBuffer(entry.ByteLength);
        var scan = allowNonFinite ? null : NonFiniteScan.For(entry.DType);
        for (var offset = 0L; offset < entry.ByteLength; offset += PieceBytes)
        {
            var piece = _memory.Slice(offset, (int)Math.Min(PieceBytes, entry.ByteLength - offset));
            checkpoint.Read(entry.Name, offset, piece);
            scan?.Add(offset, piece);
        }

        if (scan?.Describe(entry) is { } found)
            throw new EmergenceException(
                $"{Printable.Escape(checkpoint.Folder)}: {Printable.Escape(entry.Name)}: {found}; --allow-nonfinite loads it all the same");
    }

    /// <summary>Elements <paramref name="start"/> .. start + count - 1 of row-major order.</summary>
    public ReadOnlySpan<T> Elements<T>(long start, int count)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(_memory!.Slice(start * _size, count * _size));

    /// <summary>Bytes whose element type says nothing, because they hold packed codes.</summary>
    public ReadOnlySpan<byte> Bytes(long start, int count) => _memory!.Slice(start, count);

    /// <summary>One element of a floating-point type, exactly.</summary>
    public float Float(long index)
    {
        var bytes = _memory!.Slice(index * _size, _size);
        return entry.DType switch
        {
            "F32" => BinaryPrimitives.ReadSingleLittleEndian(bytes),
            "F16" => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
            "F8_E4M3" => SmallFloats.E4M3[bytes[0]],
            "F8_E8M0" or "U8" => SmallFloats.E8M0[bytes[0]],
            _ => throw new InvalidOperationException($"{entry.Name}: {entry.DType} is no type of scales"),
        };
    }

    public void Dispose() => _memory?.Dispose();
}
