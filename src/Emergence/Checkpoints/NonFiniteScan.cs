using System.Numerics;
using System.Runtime.InteropServices;
using Emergence.Files.Safetensors;

namespace Emergence.Checkpoints;

/// <summary>Counts NaN and infinite elements of one tensor while its bytes pass by, in pieces of whole elements.</summary>
internal sealed class NonFiniteScan(string type)
{
    private readonly Lock _lock = new();
    private long _nan;
    private long _infinite;
    private long _first = long.MaxValue;

    /// <summary>Null for types whose elements are all finite.</summary>
    public static NonFiniteScan? For(string type) => type is "F32" or "F64" or "F16" or "BF16" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0"
        ? new(type) : null;

    /// <summary>Looks at the bytes from <paramref name="byteOffset"/> of the tensor on.</summary>
    public void Add(long byteOffset, ReadOnlySpan<byte> bytes)
    {
        var start = 8 * byteOffset / StoredType.Bits(type);
        switch (type)
        {
            case "F32":
                Add<uint>(start, bytes, 0x7F80_0000);
                break;
            case "F64":
                Add<ulong>(start, bytes, 0x7FF0_0000_0000_0000);
                break;
            case "F16":
                Add<ushort>(start, bytes, 0x7C00);
                break;
            case "BF16":
                Add<ushort>(start, bytes, 0x7F80);
                break;
            case "F8_E5M2":
                Add<byte>(start, bytes, 0x7C);
                break;
            case "F8_E4M3":
                AddNaN(start, bytes, 0x7F, 0x7F);
                break;
            case "F8_E8M0":
                AddNaN(start, bytes, 0xFF, 0xFF);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(bytes), type, "no floating-point type");
        }
    }

    /// <summary>E.g. "3 NaN, first at [17,4]" in the shape of the stored tensor; null if every element is finite.</summary>
    public string? Describe(TensorEntry entry)
    {
        if (_nan + _infinite == 0)
            return null;
        var index = new long[entry.Shape.Length];
        var rest = _first;
        for (var axis = index.Length - 1; axis >= 0; axis--)
            (rest, index[axis]) = Math.DivRem(rest, entry.Shape[axis]);
        var counts = _infinite == 0 ? $"{_nan} NaN" : _nan == 0 ? $"{_infinite} infinite" : $"{_nan} NaN and {_infinite} infinite";
        return $"{counts}, first at [{string.Join(',', index)}]";
    }

    /// <summary>An element is NaN or infinite exactly if all bits of its exponent are set.</summary>
    private void Add<T>(long start, ReadOnlySpan<byte> bytes, T exponent)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(bytes);
        var mask = Vector.Create(exponent);
        var index = 0;
        for (; index <= values.Length - Vector<T>.Count; index += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(values[index..]) & mask, mask))
                Count(start + index, values.Slice(index, Vector<T>.Count), exponent);
        }

        Count(start + index, values[index..], exponent);
    }

    /// <summary>Types without infinities: an element is NaN exactly if these bits of it are the code.</summary>
    private void AddNaN(long start, ReadOnlySpan<byte> bytes, byte mask, byte code)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if ((bytes[i] & mask) != code)
                continue;
            lock (_lock)
            {
                _nan++;
                _first = Math.Min(_first, start + i);
            }
        }
    }

    private void Count<T>(long start, ReadOnlySpan<T> values, T exponent)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var fraction = exponent & -exponent;
        for (var i = 0; i < values.Length; i++)
        {
            if ((values[i] & exponent) != exponent)
                continue;
            lock (_lock)
            {
                if ((values[i] & (fraction - T.One)) == T.Zero)
                    _infinite++;
                else
                    _nan++;
                _first = Math.Min(_first, start + i);
            }
        }
    }
}
