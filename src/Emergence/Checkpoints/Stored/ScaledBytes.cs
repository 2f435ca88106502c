using System.Runtime.Intrinsics;
using Emergence.Devices;
using Emergence.Devices.Packed;

namespace Emergence.Checkpoints.Stored;

/// <summary>Codes of 8 bits, (out, in); each block of rows and columns, smaller at the edges, has a scale.</summary>
internal sealed class ScaledBytes : StoredMatrix
{
    private readonly StoredPart _codes;
    private readonly StoredPart _scales;
    private readonly StoredPart? _zeros;
    private readonly float[] _values;
    private readonly (int Rows, int Columns) _block;
    private readonly float _factor;

    /// <param name="module">The layer.</param>
    /// <param name="codes">(out, in).</param>
    /// <param name="scales">(R, C), one a block.</param>
    /// <param name="block">Rows and columns of a block.</param>
    /// <param name="zeros">(R, C) whole numbers that are subtracted from the codes, or null.</param>
    /// <param name="factor">Common to all scales.</param>
    public ScaledBytes(StoredModule module, StoredPart codes, StoredPart scales, (int Rows, int Columns) block, StoredPart? zeros = null,
        float factor = 1)
        : base(module, inputMajor: false, codes, scales, zeros)
    {
        (_codes, _scales, _block, _zeros, _factor) = (codes, scales, block, zeros, factor);
        _values = codes.Entry.DType switch
        {
            "F8_E4M3" => SmallFloats.E4M3,
            "F8_E5M2" => SmallFloats.E5M2,
            _ => SmallFloats.Int8,
        };
    }

    public override PackedForm Form => new(
        Rows, Columns, new(_codes.Bytes, 8, PackedOrder.Rows, Columns), Meaning(), _scales.Scales)
    {
        Block = _block,
        Zeros = _zeros == null ? null : new(_zeros.Bytes, 8, PackedOrder.Rows, BlockColumns),
        ZerosAreSigned = true,
        Factor = _factor,
    };

    private int BlockColumns => Ceiling.Of(Columns, _block.Columns);

    public override void Unpack(int start, int count, Span<float> destination)
    {
        var blocks = BlockColumns;
        for (var row = 0; row < count; row++)
        {
            var codes = _codes.Elements<byte>((long)(start + row) * Columns, Columns);
            var values = destination.Slice(row * Columns, Columns);
            for (var block = 0; block < blocks; block++)
            {
                var index = (long)((start + row) / _block.Rows) * blocks + block;
                var from = block * _block.Columns;
                var columns = Math.Min(_block.Columns, Columns - from);
                var zero = _zeros == null ? 0 : _zeros.Elements<sbyte>(index, 1)[0];
                Scale(codes.Slice(from, columns), _scales.Float(index), zero, values.Slice(from, columns));
            }
        }
    }

    private PackedCode Meaning() =>
        _values == SmallFloats.E4M3 ? PackedCode.E4M3 : _values == SmallFloats.E5M2 ? PackedCode.E5M2 : PackedCode.Signed;

    private void Scale(ReadOnlySpan<byte> codes, float scale, float zero, Span<float> values)
    {
        var i = 0;
        if (_values != SmallFloats.E5M2)
        {
            for (; i <= values.Length - 16; i += 16)
            {
                var (low, high) = _values == SmallFloats.E4M3 ? Eights.E4M3(codes[i..]) : Eights.Int8(codes[i..]);
                ((low - Vector256.Create(zero)) * Vector256.Create(scale) * Vector256.Create(_factor)).CopyTo(values[i..]);
                ((high - Vector256.Create(zero)) * Vector256.Create(scale) * Vector256.Create(_factor)).CopyTo(values[(i + 8)..]);
            }
        }

        for (; i < values.Length; i++)
            values[i] = (_values[codes[i]] - zero) * scale * _factor;
    }
}
