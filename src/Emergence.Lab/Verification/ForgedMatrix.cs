using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;

namespace Emergence.Lab.Verification;

/// <summary>A packed matrix of random bytes in one of the stored forms, whose host unpacks by the definition.</summary>
internal sealed class ForgedMatrix : PackedMatrix, IDisposable
{
    private readonly List<HostBuffer> _memory = [];
    private readonly Random _random;

    private ForgedMatrix(Random random, int rows, int columns, Func<ForgedMatrix, PackedForm> form)
    {
        (_random, Rows, Columns) = (random, rows, columns);
        Form = form(this);
    }

    /// <summary>Every stored form, by what people call it.</summary>
    public static IReadOnlyDictionary<string, Func<Random, int, int, ForgedMatrix>> Forms { get; } = Table(
        ("fp8 by block", m => m.Bytes(PackedCode.E4M3, (16, 8), PackedScale.Float32)),
        ("fp8 by row", m => m.Bytes(PackedCode.E5M2, (1, m.Columns), PackedScale.BFloat16)),
        ("fp8 by matrix", m => m.Bytes(PackedCode.E4M3, (m.Rows, m.Columns), PackedScale.Float32)),
        ("int8 by row", m => m.Bytes(PackedCode.Signed, (1, m.Columns), PackedScale.Float32) with { Factor = 1 / 127f }),
        ("int8 with zero points", m => m.Bytes(PackedCode.Signed, (1, 16), PackedScale.Float16) with
        {
            Zeros = m.Numbers(8, PackedOrder.Rows, m.Rows, Ceiling.Of(m.Columns, 16)),
            ZerosAreSigned = true,
        }),
        ("int4", m => m.Words(4, 32) with { ZeroOffset = 8 }),
        ("int4 with zero points, act order", m => m.Words(4, 16) with
        {
            Zeros = m.Numbers(4, PackedOrder.WordsOfColumn, m.Rows, Ceiling.Of(m.Columns, 16)),
            ColumnGroups = m.Groups(m.Columns, 16),
        }),
        ("int3 with zero points", m => m.Words(3, 20) with
        {
            Zeros = m.Numbers(3, PackedOrder.WordsOfColumn, m.Rows, Ceiling.Of(m.Columns, 20)),
        }),
        ("nvfp4", m => m.Nibbles(16, PackedScale.E4M3, divisor: 3.7f)),
        ("mxfp4", m => m.Nibbles(32, PackedScale.E8M0)),
        ("gptq, 4 bits", m => m.Columnwise(4, 32, zeroOffset: 1)),
        ("gptq, 3 bits, act order", m => m.Columnwise(3, 2, zeroOffset: 0) with { RowGroups = m.Groups(m.Rows, 2) }),
        ("gptq, 8 bits", m => m.Columnwise(8, 4, zeroOffset: 1)),
        ("awq", m => m.Halves(4)),
        ("nf4", m => m.Runs(64, nested: false)),
        ("nf4, double quantised", m => m.Runs(64, nested: true)));

    public override int Rows { get; }

    public override int Columns { get; }

    public override PackedForm Form { get; }

    public override void Unpack(int start, int count, Span<float> destination)
    {
        for (var i = 0; i < count * Columns; i++)
            destination[i] = Form[start + i / Columns, i % Columns];
    }

    public void Dispose() => _memory.ForEach(memory => memory.Dispose());

    private static Dictionary<string, Func<Random, int, int, ForgedMatrix>> Table(
        params (string Name, Func<ForgedMatrix, PackedForm> Form)[] forms) =>
        forms.ToDictionary<(string Name, Func<ForgedMatrix, PackedForm> Form), string, Func<Random, int, int, ForgedMatrix>>(
            form => form.Name, form => (random, rows, columns) => new(random, rows, columns, form.Form));

    private PackedForm Bytes(PackedCode meaning, (int Rows, int Columns) block, PackedScale scale) =>
        Of(Numbers(8, PackedOrder.Rows, Rows, Columns), meaning, scale, Ceiling.Of(Rows, block.Rows) * Ceiling.Of(Columns, block.Columns))
            with { Block = block };

    private PackedForm Words(int bits, int group) =>
        Of(Numbers(bits, PackedOrder.WordsOfRow, Rows, Columns), PackedCode.Whole, PackedScale.BFloat16, Rows * Ceiling.Of(Columns, group))
            with { Block = (1, group) };

    private PackedForm Nibbles(int group, PackedScale scale, float divisor = 1)
    {
        var form = Of(Numbers(4, PackedOrder.Rows, Rows, Columns), PackedCode.Index, scale, Rows * Ceiling.Of(Columns, group));
        return form with { Block = (1, group), Table = SmallFloats.E2M1, Scales = form.Scales with { Divisor = divisor } };
    }

    private PackedForm Columnwise(int bits, int group, int zeroOffset) =>
        Of(Numbers(bits, PackedOrder.BitsOfColumn, Rows, Columns), PackedCode.Whole, PackedScale.Float16, Ceiling.Of(Rows, group) * Columns)
            with
        {
            Block = (group, 1),
            Zeros = Numbers(bits, PackedOrder.BitsOfRow, Ceiling.Of(Rows, group), Columns),
            ZeroOffset = zeroOffset,
        };

    private PackedForm Halves(int group) =>
        Of(Numbers(4, PackedOrder.HalvesOfRow, Rows, Columns), PackedCode.Whole, PackedScale.Float16, Ceiling.Of(Rows, group) * Columns)
            with
        {
            Block = (group, 1),
            Zeros = Numbers(4, PackedOrder.HalvesOfRow, Ceiling.Of(Rows, group), Columns),
        };

    private PackedForm Runs(int run, bool nested)
    {
        const int NestedRun = 3;
        var count = Ceiling.Of(Rows * Columns, run);
        var form = Of(Numbers(4, PackedOrder.SwappedRows, Rows, Columns), PackedCode.Index, PackedScale.Float32, count)
            with { Run = run, Table = Singles(16) };
        return !nested ? form : form with
        {
            Scales = new(Random(count), PackedScale.Nested)
            {
                Nested = new(Singles(256), Scales(PackedScale.Float32, Ceiling.Of(count, NestedRun)), NestedRun, Offset: 0.37f),
            },
        };
    }

    private PackedForm Of(PackedNumbers codes, PackedCode meaning, PackedScale scale, int scales) =>
        new(Rows, Columns, codes, meaning, Scales(scale, scales));

    private PackedNumbers Numbers(int bits, PackedOrder order, int rows, int columns)
    {
        var shape = new PackedNumbers(null!, bits, order, columns);
        return shape with { Bytes = Random(shape.BytesOf(0, rows).End) };
    }

    /// <summary>Scales of ordinary size; a row of blocks is asked for in any order.</summary>
    private PackedScales Scales(PackedScale type, int count)
    {
        byte[] bytes = [.. Singles(count).SelectMany(value => type switch
        {
            PackedScale.Float32 => BitConverter.GetBytes(value),
            PackedScale.Float16 => BitConverter.GetBytes((Half)value),
            PackedScale.BFloat16 => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)),
            PackedScale.E4M3 => [(byte)_random.Next(0x7F)],
            _ => [(byte)_random.Next(100, 140)],
        })];
        return new(Keep(bytes), type);
    }

    private PackedBytes Groups(int count, int size) =>
        Keep(MemoryMarshal.AsBytes(Enumerable.Range(0, count).Select(_ => _random.Next(Ceiling.Of(count, size))).ToArray().AsSpan()));

    private float[] Singles(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.NextSingle() - 0.5f)];

    private PackedBytes Random(long count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return Keep(bytes);
    }

    private PackedBytes Keep(ReadOnlySpan<byte> bytes)
    {
        // Bytes of another tensor may stand before.
        const int Before = 4;
        var memory = new HostBuffer(Before + bytes.Length);
        _memory.Add(memory);
        bytes.CopyTo(memory.Slice(Before, bytes.Length));
        return new(memory, Before, bytes.Length);
    }
}
