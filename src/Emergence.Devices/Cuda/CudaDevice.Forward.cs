using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>The ops of a transformer's forward pass.</content>
public sealed unsafe partial class CudaDevice
{
    private const int Tile = 64;
    private const int RowsOfNormBlock = 8;

    // Sums over k longer than this are cut into at most MaxParts parts of whole tiles, by k alone.
    internal const int LongSum = 8192;
    private const int MaxParts = 64;

    // Single precision as bf16 parts; how wide products are that fill the tiles that multiply them.
    private const int PartsOfSingle = 3, LeastOfParts = 64;

    /// <summary>Of operands that lie transposed, the rows whose parts are made, and multiplied, at a time.</summary>
    internal const int RowsOfParts = 32_768;

    protected override void EmbedCore(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate) =>
        Launch(KernelTable.Embed, Elements(KernelTable.Embed, y.Rows, y.Columns), ids, ids.RowStride, table, table.RowStride, Code(table), scale, y, y.RowStride, y.Rows, y.Columns, accumulate ? 1 : 0);

    protected override void GatherRowsCore(Tensor source, Tensor rows, Tensor destination) =>
        Launch(KernelTable.GatherRows, Elements(KernelTable.GatherRows, destination.Rows, destination.Columns), source, source.RowStride, rows, rows.RowStride, destination, destination.RowStride, destination.Rows, destination.Columns, source.Type.Size());

    protected override void LayerNormCore(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual)
    {
        if (x.Columns > 0)
            Launch(KernelTable.LayerNorm, new(Blocks(x.Rows, RowsOfNormBlock)), x, x.RowStride, weight, Code(weight), bias, Code(bias), epsilon, y, y.RowStride, residual, residual?.RowStride ?? 0, x.Rows, x.Columns);
    }

    protected override void RmsNormCore(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual)
    {
        if (x.Columns > 0)
            Launch(KernelTable.RmsNorm, new(Blocks(x.Rows, RowsOfNormBlock)), x, x.RowStride, weight, Code(weight), epsilon, y, y.RowStride, residual, residual?.RowStride ?? 0, x.Rows, x.Columns);
    }

    protected override void MatMulCore(Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual)
    {
        var k = transposeA ? a.Rows : a.Columns;
        if (!transposeA && (_arithmetic == DType.BFloat16 || (Hopper != null && FillsPartTiles(y.Columns, k))))
        {
            MatMulOnTensorCores(a, b, y, transposeB, bias, activation, residual);
            return;
        }

        if (k > 0 && MultipliesRowsByParts(transposeA, transposeB, y.Rows, y.Columns))
        {
            MatMulOfRows(a, b, y, bias, activation, residual);
            return;
        }

        var (aOuter, aInner) = transposeA ? (1, a.RowStride) : (a.RowStride, 1);
        var (bOuter, bInner) = transposeB ? (b.RowStride, 1) : (1, b.RowStride);
        var tiles = new Grid(Blocks(y.Columns, Tile), Blocks(y.Rows, Tile));
        if (k <= LongSum)
        {
            // Rows beyond the height of a grid are a second launch on views.
            for (var start = 0; start < y.Rows; start += MaxGridY * Tile)
            {
                var count = Math.Min(MaxGridY * Tile, y.Rows - start);
                var (part, added) = (y.RowRange(start, count), residual?.RowRange(start, count));
                var rows = transposeA ? a.ColumnRange(start, count) : a.RowRange(start, count);
                Launch(KernelTable.MatMul, tiles with { Y = Blocks(count, Tile) }, rows, aOuter, aInner, b, bOuter, bInner, Code(b), part, y.RowStride, bias, Code(bias), (int)activation, added, residual?.RowStride ?? 0, count, y.Columns, k);
            }

            return;
        }

        var length = Blocks(Blocks(k, MaxParts), LongSum / 4) * (LongSum / 4);
        var parts = Blocks(k, length);
        using var held = Hold((long)parts * y.Rows * y.Columns * sizeof(float), out var scratch);
        Launch(KernelTable.MatMulSplit, tiles with { Z = parts }, a, aOuter, aInner, b, bOuter, bInner, Code(b), scratch, y.Rows, y.Columns, k, length);
        AddProductParts(scratch, parts, y, bias, activation, residual);
    }

    private bool MultipliesRowsByParts(bool transposeA, bool transposeB, int m, int n) =>
        transposeA && !transposeB && _arithmetic == DType.Float32 && Hopper != null && FillsPartTiles(m, n);

    /// <summary>Whether a product is worth parts: by its columns and the length of its sums, or by both sides of a sum over rows.</summary>
    internal static bool FillsPartTiles(int columns, int other) => Math.Min(columns, other) >= LeastOfParts;

    /// <summary>
    /// y = activation(a' b + bias) + residual of (K, M) and (K, N) in single precision: their bf16 parts, for some rows at a
    /// time, and sums over no more rows than those, added in order. Short sums: tensor cores cut what an addition cannot hold.
    /// </summary>
    private void MatMulOfRows(Tensor a, Tensor b, Tensor y, Tensor? bias, Activation activation, Tensor? residual)
    {
        var (most, sumsAt, bytes) = RowsPlan(y.Rows, y.Columns, a.Rows);
        using var held = Hold(bytes, out var scratch);
        var count = 0;
        for (var start = 0; start < a.Rows; start += RowsOfParts)
        {
            var rows = Math.Min(RowsOfParts, a.Rows - start);
            var left = CriticPlan16.Rows(scratch, 0, PartsOfSingle * rows, y.Rows);
            var right = CriticPlan16.Rows(scratch, CriticPlan16.RowBytes(y.Rows) * left.Rows, left.Rows, y.Columns);
            SplitParts(a.RowRange(start, rows), left, PartsOfSingle);
            SplitParts(b.RowRange(start, rows), right, PartsOfSingle);
            count += Hopper!.LaunchParts(left, right, (ulong)scratch.Address + (ulong)(sumsAt + SumBytes(y.Rows, y.Columns, count)), y.Rows, y.Columns, most, PartsOfSingle);
        }

        AddProductParts((ulong)scratch.Address + (ulong)sumsAt, count, y, bias, activation, residual);
    }

    /// <summary>Sums over some rows at most, where they lie, and the memory of all.</summary>
    private (int Most, long SumsAt, long Bytes) RowsPlan(int m, int n, int k)
    {
        var rows = Math.Min(k, RowsOfParts);
        var (most, parts) = (Hopper!.SplitOf(m, n, rows, int.MaxValue).Count, (CriticPlan16.RowBytes(m) + CriticPlan16.RowBytes(n)) * PartsOfSingle * rows);
        return (most, parts, parts + SumBytes(m, n, (long)Blocks(k, RowsOfParts) * most));
    }

    private static long SumBytes(int m, int n, long count) => count * m * n * sizeof(float);

    /// <summary>
    /// The operands in bf16, where they are not stored so, or in single precision in three bf16 parts; the bias in single
    /// precision.
    /// </summary>
    private void MatMulOnTensorCores(Tensor a, Tensor b, Tensor y, bool transposeB, Tensor? bias, Activation activation, Tensor? residual)
    {
        var stored = b.Type == DType.BFloat16 && b.RowStride % CriticPlan16.RowUnit == 0 && b.Address % 16 == 0;
        var aParts = _arithmetic == DType.BFloat16 ? 1 : PartsOfSingle;
        var bParts = b.Type == DType.BFloat16 ? 1 : aParts;
        var widened = bias != null && bias.Type != DType.Float32;
        long left = widened ? CriticPlan16.RowBytes(2 * y.Columns) : 0, right = left + CriticPlan16.RowBytes(a.Columns) * a.Rows * aParts;
        using var held = Hold(right + (stored ? 0 : CriticPlan16.RowBytes(b.Columns) * b.Rows * bParts), out var scratch);
        var left16 = Rounded(a, aParts, left);
        var right16 = stored ? b : Rounded(b, bParts, right);
        if (widened)
        {
            var row = new Tensor(scratch, DType.Float32, 1, y.Columns);
            AddProductParts(scratch, 0, row, bias); // no parts, only a bias
            bias = row;
        }

        var layout = transposeB ? ProductLayout.NT : ProductLayout.NN;
        if (aParts == 1)
            ProductFloat(layout, left16, right16, y, bias, activation, residual);
        else
            Hopper!.Launch(layout, left16, right16, y, ProductKind.Float, bias, activation, residual, aParts, bParts);

        Tensor Rounded(Tensor x, int parts, long at)
        {
            var rounded = CriticPlan16.Rows(scratch, at, x.Rows * parts, x.Columns);
            if (parts == 1)
                ToBf16(x, rounded);
            else
                SplitParts(x, rounded, parts);
            return rounded;
        }
    }

    protected override void RotateCore(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs) =>
        Launch(KernelTable.Rotate, Elements(KernelTable.Rotate, x.Rows, heads.Count * cosines.Columns), x, x.RowStride, heads.Count, heads.Stride, positions, positions.RowStride, cosines, cosines.RowStride, sines, sines.RowStride, cosines.Columns, pairs == RotaryPairs.Neighbours ? 1 : 0, x.Rows);

    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape, AttentionPositions? positions) =>
        Launch(KernelTable.Attention, new(q.Rows), q, q.RowStride, k, k.RowStride, v, v.RowStride, parents, parents.RowStride, y, y.RowStride, shape.Query.Count, shape.Query.Stride, shape.Query.Count / shape.Key.Count, shape.Key.Stride, shape.Query.Size, shape.Value.Stride, shape.Value.Size, shape.Scale, shape.Window, shape.SoftCap, positions?.Positions, positions?.Positions.RowStride ?? 0, positions?.Bias, positions?.Bias?.RowStride ?? 0, positions?.Scale, positions?.Scale?.RowStride ?? 0, shape.Sinks);

    protected override void GateCore(Tensor gate, Tensor up, Activation activation, Tensor y) =>
        Launch(KernelTable.Gate, Elements(KernelTable.Gate, y.Rows, y.Columns), gate, gate.RowStride, up, up.RowStride, y, y.RowStride, y.Rows, y.Columns, (int)activation);

    protected override void ScaleCore(Tensor x, float factor, Tensor y, Tensor? residual) =>
        Launch(KernelTable.Scale, Elements(KernelTable.Scale, x.Rows, x.Columns), x, x.RowStride, factor, y, y.RowStride, residual, residual?.RowStride ?? 0, x.Rows, x.Columns);

    protected override void ClipCore(Tensor x, float least, float most) =>
        Launch(KernelTable.Clip, Elements(KernelTable.Clip, x.Rows, x.Columns), x, x.RowStride, x.Rows, x.Columns, least, most);

    protected override void ApplyXieluCore(Tensor x, Xielu shape) =>
        Launch(KernelTable.ApplyXielu, Elements(KernelTable.ApplyXielu, x.Rows, x.Columns), x, x.RowStride, x.Rows, x.Columns, (float)shape.Positive, (float)shape.Negative, (float)shape.Linear, (float)shape.Limit);

    protected override void CopyHeadsCore(Tensor source, HeadLayout from, Tensor destination, HeadLayout to) =>
        Launch(KernelTable.CopyHeads, Elements(KernelTable.CopyHeads, source.Rows, to.Count * to.Size), source, source.RowStride, from.Count == 1 ? 0 : from.Stride, destination, destination.RowStride, to.Stride, to.Count, to.Size, source.Rows);

    protected override void SoftCapCore(Tensor x, float cap) =>
        Launch(KernelTable.SoftCap, Elements(KernelTable.SoftCap, x.Rows, x.Columns), x, x.RowStride, x.Rows, x.Columns, cap);

    /// <summary>A stored type as kernels know it.</summary>
    private static int Code(Tensor? tensor) => tensor?.Type switch
    {
        null or DType.Float32 => 0,
        DType.Float64 => 1,
        DType.Float16 => 2,
        DType.BFloat16 => 3,
        _ => throw new ArgumentException($"expected a floating type, found {tensor}"),
    };
}
