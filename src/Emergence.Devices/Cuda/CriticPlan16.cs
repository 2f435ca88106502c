using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda;

/// <summary>
/// The memory of a critic in bf16 and the cut between its wide layers, which are products on tensor cores, and the narrow
/// ones at its end, which two kernels do whole. R pairs; layer l makes A(l) from A(l - 1), A(0) = f(Zx[a] + Zy[b]). Where
/// products can form A(0) as they go, it is never stored, only its signs; Zx and Zy then stay until its delta takes their place.
/// </summary>
internal sealed class CriticPlan16
{
    /// <summary>Dynamic shared memory of a block of the tail's kernels: two of them fit on a multiprocessor from 8.0 on.</summary>
    public const int TailSharedBytes = 80 * 1024;

    /// <summary>As in critic_tail_mma.cu: weights, biases, and what four warps stage; three blocks fit on a multiprocessor.</summary>
    public const int TailMmaSharedBytes = 4 * (4672 + 72 + 4 * 68 * 32);

    /// <summary>Elements that a row's stride is a multiple of.</summary>
    public const int RowUnit = 8;

    // A layer with fewer inputs than this gains nothing from tensor cores.
    private const int WideInput = 96;
    private const int MaxTailLayers = 31, MaxTailBlocks = 264, MaxTailMmaBlocks = 396, TailPadColumns = 7;
    private static readonly int[] s_tailMmaWidths = [48, 24, 15, 7, 7, 1];

    private const int MaxSumChunks = 1024, LeastSumLength = 128;

    /// <param name="shape">The critic.</param>
    /// <param name="xRows">Kx.</param>
    /// <param name="yRows">Ky.</param>
    /// <param name="pairs">R.</param>
    /// <param name="hasPairProducts">Whether the device has products of pairs.</param>
    public CriticPlan16(CriticShape shape, int xRows, int yRows, int pairs, bool hasPairProducts)
    {
        (Shape, XRows, YRows, Pairs) = (shape, xRows, yRows, pairs);
        TailStart = shape.Layers - 1;
        while (TailStart > 1 && shape.InputColumns(TailStart - 1) < WideInput)
            TailStart--;
        FormsPairs = hasPairProducts && TailStart > 1 && shape.Widths[0] % HopperPairProducts.ColumnUnit == 0;
        TailTile = new[] { 128, 64, 32 }.FirstOrDefault(tile => TailBytes(tile) <= TailSharedBytes);
        if (TailTile == 0 || TailWidths.Count > MaxTailLayers + 1)
            throw new EmergenceException($"the last {shape.Layers - TailStart} layers of this critic ({string.Join('-', TailWidths)}) are too large for bfloat16; use --dtype float32", ExitCode.Usage);
        TailFitsMma = TailWidths.Count == s_tailMmaWidths.Length && TailWidths[0] % RowUnit == 0 && TailWidths.Zip(s_tailMmaWidths).All(width => width.First <= width.Second);
    }

    public CriticShape Shape { get; }

    public int XRows { get; }

    public int YRows { get; }

    public int Pairs { get; }

    /// <summary>Whether products form A(0), and only its signs are kept.</summary>
    public bool FormsPairs { get; }

    /// <summary>First layer of the tail, 1 or more.</summary>
    public int TailStart { get; }

    /// <summary>Input of the tail and outputs of its layers.</summary>
    public IReadOnlyList<int> TailWidths => [.. Shape.Widths.Skip(TailStart - 1)];

    /// <summary>Rows that a block of the tail takes at a time.</summary>
    public int TailTile { get; }

    /// <summary>Whether critic_tail_mma.cu can do it; critic_tail.cu does any other.</summary>
    public bool TailFitsMma { get; }

    /// <summary>Weights and biases of the tail: the last ones of all.</summary>
    public int TailParameters => TailWidths.Zip(TailWidths.Skip(1), (columns, rows) => (columns + 1) * rows).Sum();

    /// <summary>x and y in bf16.</summary>
    public long InputBytes => XRows * RowBytes(Shape.XColumns) + YRows * RowBytes(Shape.YColumns);

    /// <summary>Weights of the wide layers in bf16.</summary>
    public long WeightBytes => WeightMatrices().Sum(matrix => matrix.Rows * RowBytes(matrix.Columns));

    /// <summary>Runs of 8 elements of those.</summary>
    public int WeightEights => checked((int)(WeightBytes / (2 * RowUnit)));

    /// <summary>Of each of these matrices where it begins in the parameters, its stride and columns there, and its first run of 8.</summary>
    public IReadOnlyList<int> WeightTable
    {
        get
        {
            var (table, eights) = (new List<int>(), 0L);
            foreach (var (start, stride, rows, columns) in WeightMatrices())
            {
                table.AddRange([start, stride, columns, checked((int)eights)]);
                eights += rows * RowBytes(columns) / (2 * RowUnit);
            }

            return table;
        }
    }

    /// <summary>A(0), then its delta; or Zx and Zy, then the delta of A(0).</summary>
    public long FirstBytes => Math.Max(Pairs, FormsPairs ? (long)XRows + YRows : 0) * RowBytes(Shape.Widths[0]);

    /// <summary>Words of the signs of A(0).</summary>
    public long SignWords => FormsPairs ? HopperProducts.SignWords(Pairs, Shape.Widths[0]) : 0;

    /// <summary>Zx and Zy, unless they lie where A(0) does; then A(1) .. of the wide layers, then the gradients of Zx and Zy: none lives while another does.</summary>
    public long SharedBytes => Math.Max(
        ((long)XRows + YRows) * RowBytes(Shape.Widths[0]),
        Enumerable.Range(1, TailStart - 1).Sum(layer => Pairs * RowBytes(Shape.Widths[layer])));

    /// <summary>Parts of sums, the most that one op has at a time, in single precision.</summary>
    public long PartBytes => sizeof(float) * Splits().Append((long)TailBlocks * TailParameters).Append((long)MaxSumChunks * Shape.Widths.Max()).Append(1).Max();

    /// <summary>Of a sort of the pairs, and their order by both rows.</summary>
    public long SortBytes => sizeof(int) * (SortMemory.Elements(Pairs) + PairOrder.Elements(Pairs, XRows) + PairOrder.Elements(Pairs, YRows));

    /// <summary>T and the gradient by it, in single precision.</summary>
    public long ScoreBytes => 2L * Pairs * sizeof(float);

    /// <summary>The widths of the tail and where the weights lie, for the kernels.</summary>
    public long TableBytes => sizeof(int) * ((long)TailWidths.Count + WeightTable.Count);

    /// <summary>All but the inputs and the weights.</summary>
    public long ExtraBytes => FirstBytes + sizeof(int) * SignWords + SharedBytes + PartBytes + SortBytes + ScoreBytes + TableBytes;

    /// <summary>What a workspace allocates.</summary>
    public long TotalBytes => InputBytes + WeightBytes + ExtraBytes;

    /// <summary>Rows of a block of the tail: by R alone, whole tiles, as many blocks as a large GPU has at once.</summary>
    public int TailLength(int pairs) => ((pairs + TailBlocks - 1) / TailBlocks + TailTile - 1) / TailTile * TailTile;

    /// <summary>Rows of a partial sum over rows, at most <see cref="MaxSumChunks"/> of them.</summary>
    public static int SumLength(int rows) => Math.Max(LeastSumLength, (rows + MaxSumChunks - 1) / MaxSumChunks);

    /// <summary>Bytes of a bf16 row with its padding.</summary>
    public static long RowBytes(int columns) => (columns + RowUnit - 1L) / RowUnit * RowUnit * 2;

    /// <summary>A padded bf16 matrix at a place of a buffer.</summary>
    public static Tensor Rows(Buffer buffer, long byteOffset, int rows, int columns)
    {
        var (width, unit) = ((int)RowBytes(columns) / 2, RowUnit * 2);
        var all = new Tensor(buffer, DType.BFloat16, (int)(buffer.ByteLength / unit), RowUnit);
        return all.RowRange((int)(byteOffset / unit), checked((int)((long)rows * width / RowUnit))).Reshape(rows, width).ColumnRange(0, columns);
    }

    /// <summary>The first layer's weights for x and for y, then those of layers 1 .. below the tail, as they lie in the parameters.</summary>
    public IEnumerable<(int Start, int Stride, int Rows, int Columns)> WeightMatrices()
    {
        var stride = Shape.InputColumns(0);
        yield return (0, stride, Shape.Widths[0], Shape.XColumns);
        yield return (Shape.XColumns, stride, Shape.Widths[0], Shape.YColumns);
        var start = Shape.Widths[0] * (stride + 1);
        for (var layer = 1; layer < TailStart; layer++)
        {
            var (rows, columns) = (Shape.Widths[layer], Shape.InputColumns(layer));
            yield return (start, columns, rows, columns);
            start += rows * (columns + 1);
        }
    }

    private int TailBlocks => TailFitsMma ? MaxTailMmaBlocks : MaxTailBlocks;

    private IEnumerable<long> Splits()
    {
        yield return CudaDevice.ProductSplitCount(XRows, Shape.Widths[0], Shape.XColumns);
        yield return CudaDevice.ProductSplitCount(YRows, Shape.Widths[0], Shape.YColumns);
        if (FormsPairs)
        {
            // Of classes of two pairs, with the bias; and of layer 1.
            yield return CudaDevice.ProductPartCount(XRows) * (long)Shape.Widths[0] * (Shape.XColumns + 1);
            yield return CudaDevice.ProductPartCount(YRows) * (long)Shape.Widths[0] * Shape.YColumns;
            yield return CudaDevice.ProductPartCount(Pairs) * (long)Shape.Widths[0] * Shape.Widths[1];
        }

        for (var layer = 1; layer < TailStart; layer++)
            yield return CudaDevice.ProductSplitCount(Pairs, Shape.Widths[layer], Shape.InputColumns(layer));
    }

    /// <summary>As critic_tail.cu lays it out for the backward pass.</summary>
    private long TailBytes(int tile)
    {
        long floats = 32 + (TailParameters + 3) / 4 * 4 + (TailWidths.Sum() + TailPadColumns) * (tile + 4L);
        for (var i = 1; i < TailWidths.Count; i++)
            floats += (TailWidths[i - 1] + 1) * (RowBytes(TailWidths[i]) / 2) + TailWidths[i] * (RowBytes(TailWidths[i - 1]) / 2);
        return floats * sizeof(float);
    }
}
