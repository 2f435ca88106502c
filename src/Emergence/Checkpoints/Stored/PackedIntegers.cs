using System.Runtime.Intrinsics;
using Emergence.Devices;
using Emergence.Devices.Packed;

namespace Emergence.Checkpoints.Stored;

/// <summary>
/// Whole numbers of a few bits, (out, in), as compressed-tensors packs them: along the columns, as many as fit whole into a
/// word of 32 bits, each with half its range added. Runs of columns have a scale and may have a zero point.
/// </summary>
internal sealed class PackedIntegers : StoredMatrix
{
    private readonly StoredPart _codes;
    private readonly StoredPart _scales;
    private readonly StoredPart? _zeros;
    private readonly StoredPart? _groupOf;
    private readonly int _bits;
    private readonly int _group;
    private readonly int _groups;

    /// <param name="module">The layer.</param>
    /// <param name="codes">(out, words).</param>
    /// <param name="scales">(out, groups).</param>
    /// <param name="zeros">Packed along the rows, (words, groups), or whole numbers (out, groups), or null.</param>
    /// <param name="groupOf">(in): the group of each column if act order has moved them, or null.</param>
    /// <param name="shape">Bits of a code, columns of a group, number of groups.</param>
    public PackedIntegers(
        StoredModule module, StoredPart codes, StoredPart scales, StoredPart? zeros, StoredPart? groupOf,
            (int Bits, int Group, int Groups) shape)
        : base(module, inputMajor: false, codes, scales, zeros, groupOf)
    {
        (_codes, _scales, _zeros, _groupOf) = (codes, scales, zeros, groupOf);
        (_bits, _group, _groups) = shape;
    }

    public override PackedForm Form => new(
        Rows, Columns, new(_codes.Bytes, _bits, PackedOrder.WordsOfRow, Columns), PackedCode.Whole, _scales.Scales)
    {
        Block = (1, _group),
        ColumnGroups = _groupOf?.Bytes,
        Zeros = _zeros == null ? null
            : HasSignedZeros ? new(_zeros.Bytes, 8, PackedOrder.Rows, _groups)
            : new(_zeros.Bytes, _bits, PackedOrder.WordsOfColumn, _groups),
        ZerosAreSigned = HasSignedZeros,
        ZeroOffset = _zeros == null || HasSignedZeros ? Half : 0,
    };

    private bool HasSignedZeros => _zeros?.Entry.DType == "I8";

    private int PerWord => 32 / _bits;

    private int Half => 1 << (_bits - 1);

    public override void Unpack(int start, int count, Span<float> destination)
    {
        var words = Ceiling.Of(Columns, PerWord);
        var (scales, zeros) = (new float[_groups], new int[_groups]);
        for (var row = 0; row < count; row++)
        {
            for (var group = 0; group < _groups; group++)
            {
                scales[group] = _scales.Float((long)(start + row) * _groups + group);
                zeros[group] = Zero(start + row, group);
            }

            var line = _codes.Elements<uint>((long)(start + row) * words, words);
            var values = destination.Slice(row * Columns, Columns);
            if (_groupOf != null)
            {
                var groupOf = _groupOf.Elements<int>(0, Columns);
                for (var column = 0; column < Columns; column++)
                    values[column] = (Code(line, column) - zeros[groupOf[column]]) * scales[groupOf[column]];
                continue;
            }

            for (var group = 0; group < _groups; group++)
            {
                var (scale, zero) = (scales[group], zeros[group]);
                var end = Math.Min(Columns, (group + 1) * _group);
                var column = group * _group;
                if (_bits == 4 && column % 8 == 0)
                {
                    for (; column <= end - 8; column += 8)
                        ((Eights.InOrder(line[column / 8]) - Vector256.Create((float)zero)) * Vector256.Create(scale))
                            .CopyTo(values[column..]);
                }

                for (; column < end; column++)
                    values[column] = (Code(line, column) - zero) * scale;
            }
        }
    }

    protected override void CheckLoaded() => CheckGroups(_groupOf, _groups);

    /// <summary>The zero point with half the range added, as codes have it.</summary>
    private int Zero(int row, int group)
    {
        if (_zeros == null)
            return Half;
        if (HasSignedZeros)
            return _zeros.Elements<sbyte>((long)row * _groups + group, 1)[0] + Half;
        var word = _zeros.Elements<uint>((long)(row / PerWord) * _groups + group, 1)[0];
        return (int)(word >> (row % PerWord * _bits)) & ((1 << _bits) - 1);
    }

    private int Code(ReadOnlySpan<uint> words, int column)
    {
        var (word, place) = Math.DivRem((uint)column, (uint)PerWord);
        return (int)(words[(int)word] >> (int)(place * _bits)) & ((1 << _bits) - 1);
    }
}
