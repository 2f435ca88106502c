using System.Runtime.Intrinsics;
using Emergence.Devices.Packed;

namespace Emergence.Checkpoints.Stored;

/// <summary>Floats of 4 bits, (out, in), two a byte with the first in the lower half; each run of columns has a scale.</summary>
internal sealed class Nibbles : StoredMatrix
{
    private readonly StoredPart _codes;
    private readonly StoredPart _scales;
    private readonly StoredPart? _divisor;
    private readonly int _group;

    /// <param name="module">The layer; its inputs are a multiple of <paramref name="group"/>.</param>
    /// <param name="codes">(out, in / 2).</param>
    /// <param name="scales">(out, in / group).</param>
    /// <param name="divisor">One number by which all scales are divided, or null.</param>
    /// <param name="group">Columns that share a scale.</param>
    public Nibbles(StoredModule module, StoredPart codes, StoredPart scales, StoredPart? divisor, int group)
        : base(module, inputMajor: false, codes, scales, divisor) =>
        (_codes, _scales, _divisor, _group) = (codes, scales, divisor, group);

    public override PackedForm Form => new(
        Rows, Columns, new(_codes.Bytes, 4, PackedOrder.Rows, Columns), PackedCode.Index,
        _scales.Scales with { Divisor = _divisor?.Float(0) ?? 1 })
    {
        Block = (1, _group),
        Table = SmallFloats.E2M1,
    };

    public override void Unpack(int start, int count, Span<float> destination)
    {
        var divisor = _divisor?.Float(0) ?? 1;
        var groups = Columns / _group;
        Span<float> values = stackalloc float[16];
        for (var row = 0; row < count; row++)
        {
            var codes = _codes.Elements<byte>((long)(start + row) * (Columns / 2), Columns / 2);
            for (var group = 0; group < groups; group++)
            {
                var scale = _scales.Float((long)(start + row) * groups + group) / divisor;
                for (var code = 0; code < values.Length; code++)
                    values[code] = SmallFloats.E2M1[code] * scale;
                Look(codes.Slice(group * _group / 2, _group / 2), values, destination.Slice(row * Columns + group * _group, _group));
            }
        }
    }

    private static void Look(ReadOnlySpan<byte> codes, ReadOnlySpan<float> values, Span<float> destination)
    {
        // Twice the magnitudes are whole numbers, which a shuffle of bytes looks up; the highest bit is the sign, also of zero.
        var (doubled, half) = (Vector128.Create((byte)0, 1, 2, 3, 4, 6, 8, 12, 0, 1, 2, 3, 4, 6, 8, 12), values[1]);
        var i = 0;
        for (; i <= codes.Length - 8; i += 8)
        {
            var pairs = Vector128.WidenLower(Vector128.Create(Vector64.Create(codes[i..]), default));
            var nibbles = ((pairs & Vector128.Create((ushort)15)) | (pairs >>> 4 << 8)).AsByte();
            var (low, high) = Wide(Vector128.Shuffle(doubled, nibbles));
            var (lowSign, highSign) = Wide(nibbles & Vector128.Create((byte)8));
            Signed(low, lowSign, half).CopyTo(destination[(2 * i)..]);
            Signed(high, highSign, half).CopyTo(destination[(2 * i + 8)..]);
        }

        for (; i < codes.Length; i++)
        {
            destination[2 * i] = values[codes[i] & 15];
            destination[2 * i + 1] = values[codes[i] >> 4];
        }

        static (Vector256<int> Low, Vector256<int> High) Wide(Vector128<byte> bytes)
        {
            var (low, high) = Vector256.Widen(Vector256.WidenLower(bytes.ToVector256()));
            return (low.AsInt32(), high.AsInt32());
        }

        static Vector256<float> Signed(Vector256<int> magnitude, Vector256<int> eight, float half) =>
            Vector256.ConvertToSingle(magnitude) * half ^ (eight << 28).AsSingle();
    }
}
