namespace Emergence.Devices.Packed;

/// <summary>What a code says. The kernel numbers them the same.</summary>
public enum PackedCode
{
    /// <summary>A whole number from 0.</summary>
    Whole,

    /// <summary>A whole number of 8 bits with a sign.</summary>
    Signed,

    /// <summary>8 bits, 4 of exponent and 3 of fraction.</summary>
    E4M3,

    /// <summary>8 bits, 5 of exponent and 2 of fraction.</summary>
    E5M2,

    /// <summary>An index of 4 bits into a table.</summary>
    Index,
}

/// <summary>
/// Where the values of a packed matrix come from: value = (code - zero) * scale * factor, each step rounded to single precision.
/// Blocks of rows and columns share a scale and a zero, which lie row-major by block.
/// </summary>
/// <param name="Rows">Rows of the matrix.</param>
/// <param name="Columns">Columns of the matrix.</param>
/// <param name="Codes">(Rows, Columns).</param>
/// <param name="Meaning">What they say.</param>
/// <param name="Scales">One for each block.</param>
public sealed record PackedForm(int Rows, int Columns, PackedNumbers Codes, PackedCode Meaning, PackedScales Scales)
{
    /// <summary>Rows and columns of a block, smaller at the edges.</summary>
    public (int Rows, int Columns) Block { get; init; } = (1, 1);

    /// <summary>Values that share a scale in row-major order, instead of blocks; 0: blocks.</summary>
    public int Run { get; init; }

    /// <summary>16 values of <see cref="PackedCode.Index"/>.</summary>
    public float[]? Table { get; init; }

    /// <summary>Zero points, a number for each block; null: all are <see cref="ZeroOffset"/>.</summary>
    public PackedNumbers? Zeros { get; init; }

    /// <summary>Zero points have a sign, which 8 bits have room for.</summary>
    public bool ZerosAreSigned { get; init; }

    /// <summary>Added to every zero point, which keeps its bits when it has no sign.</summary>
    public int ZeroOffset { get; init; }

    /// <summary>Factor of all values.</summary>
    public float Factor { get; init; } = 1;

    /// <summary>The row of blocks of each row, 32 bits each, in the place of runs of rows.</summary>
    public PackedBytes? RowGroups { get; init; }

    /// <summary>The column of blocks of each column, in the place of runs of columns.</summary>
    public PackedBytes? ColumnGroups { get; init; }

    /// <summary>Blocks side by side.</summary>
    public int BlockColumns => Ceiling.Of(Columns, Block.Columns);

    /// <summary>Blocks one above the other.</summary>
    public int BlockRows => Ceiling.Of(Rows, Block.Rows);

    /// <summary>One value, from the definition.</summary>
    public float this[int row, int column]
    {
        get
        {
            var code = Codes[row, column];
            var number = Meaning switch
            {
                PackedCode.Whole => code,
                PackedCode.Signed => SmallFloats.Int8[code],
                PackedCode.E4M3 => SmallFloats.E4M3[code],
                PackedCode.E5M2 => SmallFloats.E5M2[code],
                _ => Table![code],
            };
            var y = Group(RowGroups, row, Block.Rows);
            var x = Group(ColumnGroups, column, Block.Columns);
            var scale = Run > 0 ? ((long)row * Columns + column) / Run : (long)y * BlockColumns + x;
            return (number - Zero(y, x)) * Scales[scale] * Factor;
        }
    }

    /// <summary>First and last row of blocks that rows first .. first + count - 1 ask for.</summary>
    public (int First, int Last) BlocksOf(int first, int count) =>
        RowGroups != null ? (0, BlockRows - 1) : (first / Block.Rows, (first + count - 1) / Block.Rows);

    private static int Group(PackedBytes? groups, int index, int size) =>
        groups == null ? index / size : (int)groups.Read((long)sizeof(int) * index, sizeof(int));

    private float Zero(int row, int column)
    {
        if (Zeros == null)
            return ZeroOffset;
        var zero = Zeros[row, column];
        return ZerosAreSigned ? (sbyte)zero + ZeroOffset : (zero + ZeroOffset) & ((1 << Zeros.Bits) - 1);
    }
}
