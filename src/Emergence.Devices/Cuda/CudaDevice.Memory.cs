using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>What a measurement takes of the device's memory, before it is taken.</content>
public sealed unsafe partial class CudaDevice
{
    public override long ReservedBytes => _context.TotalBytes / ReservedShare;

    public override long CriticBytes(CriticShape shape, int xRows, int yRows, int pairs, int drawn)
    {
        ArgumentNullException.ThrowIfNull(shape);
        var workspace = _arithmetic == DType.BFloat16 ? new CriticPlan16(shape, xRows, yRows, pairs, HopperPairs != null).TotalBytes : base.CriticBytes(shape, xRows, yRows, pairs, drawn);

        // Both sides of a shuffle; or two alias tables, and the support by rows.
        var tables = drawn == 0 ? 0 : sizeof(int) * Math.Max(2L * drawn, 3L * xRows + 2L * yRows + 1 + pairs - drawn);
        if (FitsOneBlock(shape, xRows + yRows, pairs))
            return workspace + tables + sizeof(float) * ((xRows + yRows) * SmallWidth + pairs);
        var queue = sizeof(Schedule) + (Slots + 1L + PartitionBlocks(pairs)) * sizeof(Partition);
        return workspace + tables + queue + (_arithmetic == DType.BFloat16 ? 0 : StepScratchBytes(shape, xRows, yRows, pairs));
    }

    public override long MatMulScratchBytes(int m, int n, int k, DType type) => MatMulScratchBytes(m, n, k, type, transposeA: false, (n, k));

    /// <summary>What the ops of a step in single precision hold, one after the other.</summary>
    private long StepScratchBytes(CriticShape shape, int xRows, int yRows, int pairs)
    {
        var width = shape.Widths[0];
        long[] first =
        [
            Product(xRows, width, shape.XColumns), Product(yRows, width, shape.YColumns), Transposed(width, shape.XColumns, xRows), Transposed(width, shape.YColumns, yRows),
            SumByIndexScratchBytes(pairs, xRows), SumByIndexScratchBytes(pairs, yRows), SumRowsScratchBytes(pairs, shape.Widths.Max()),
        ];
        return Enumerable.Range(1, shape.Layers - 1).SelectMany(layer => Layer(shape.Widths[layer], shape.InputColumns(layer))).Concat(first).Max();

        long[] Layer(int n, int k) => [Product(pairs, n, k), MatMulScratchBytes(pairs, k, n, DType.Float32, transposeA: false, (n, k)), Transposed(n, k, pairs)];

        long Product(int m, int n, int k) => MatMulScratchBytes(m, n, k, DType.Float32, transposeA: false, (n, k));

        long Transposed(int m, int n, int k) => MatMulScratchBytes(m, n, k, DType.Float32, transposeA: true, (k, n));
    }

    /// <summary>As MatMul holds it: rounded operands, or parts of a long sum, or both.</summary>
    private long MatMulScratchBytes(int m, int n, int k, DType type, bool transposeA, (int Rows, int Columns) b)
    {
        if (!transposeA && (_arithmetic == DType.BFloat16 || (Hopper != null && FillsPartTiles(n, k))))
        {
            var parts = _arithmetic == DType.BFloat16 ? 1 : PartsOfSingle;
            return CriticPlan16.RowBytes(k) * m * parts + (type == DType.BFloat16 ? 0 : CriticPlan16.RowBytes(b.Columns) * b.Rows * parts);
        }

        if (MultipliesRowsByParts(transposeA, transposeB: false, m, n))
            return RowsPlan(m, n, k).Bytes;
        var length = Blocks(Blocks(k, MaxParts), LongSum / 4) * (LongSum / 4);
        return k <= LongSum ? 0 : (long)Blocks(k, length) * m * n * sizeof(float);
    }

    private static long SumRowsScratchBytes(int rows, int columns)
    {
        var chunks = Blocks(rows, SumRowsChunk);
        return chunks <= 1 ? 0 : (long)(chunks + Blocks(chunks, SumRowsChunk)) * columns * sizeof(float);
    }

    private static long SumByIndexScratchBytes(int rows, int classes) => sizeof(int) * (SortMemory.Elements(rows) + PairOrder.Elements(rows, classes));
}
