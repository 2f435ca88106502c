using Emergence.Devices.Tensors;

namespace Emergence.Devices.Packed;

/// <summary>Types of scales. The kernel numbers them the same.</summary>
public enum PackedScale
{
    Float32,
    Float16,
    BFloat16,

    /// <summary>8 bits, 4 of them of exponent.</summary>
    E4M3,

    /// <summary>8 bits: a power of two.</summary>
    E8M0,

    /// <summary>8 bits: an index into a table, whose value has a scale itself.</summary>
    Nested,
}

/// <summary>Scales of runs of values.</summary>
/// <param name="Bytes">Where they are.</param>
/// <param name="Type">What they are.</param>
public sealed record PackedScales(PackedBytes Bytes, PackedScale Type)
{
    /// <summary>By which all are divided.</summary>
    public float Divisor { get; init; } = 1;

    /// <summary>The scales of the scales, for <see cref="PackedScale.Nested"/>; else null.</summary>
    public NestedScales? Nested { get; init; }

    /// <summary>Bytes of a scale.</summary>
    public int Size => Type switch { PackedScale.Float32 => 4, PackedScale.Float16 or PackedScale.BFloat16 => 2, _ => 1 };

    /// <summary>One scale, in single precision.</summary>
    public float this[long index]
    {
        get
        {
            var bits = Bytes.Read(index * Size, Size);
            var scale = Type switch
            {
                PackedScale.Float32 => BitConverter.UInt32BitsToSingle((uint)bits),
                PackedScale.Float16 => (float)BitConverter.UInt16BitsToHalf((ushort)bits),
                PackedScale.BFloat16 => BFloat16.ToSingle((ushort)bits),
                PackedScale.E4M3 => SmallFloats.E4M3[(int)bits],
                PackedScale.E8M0 => SmallFloats.E8M0[(int)bits],
                _ => Nested!.Table[(int)bits] * Nested.Scales[index / Nested.Run] + Nested.Offset,
            };
            return scale / Divisor;
        }
    }
}

/// <summary>Scales that are themselves an index of 8 bits, times a scale of their own, plus an offset.</summary>
/// <param name="Table">256 values.</param>
/// <param name="Scales">One a run, in single precision.</param>
/// <param name="Run">Scales that share one.</param>
/// <param name="Offset">Added to all.</param>
public sealed record NestedScales(float[] Table, PackedScales Scales, int Run, float Offset);
