using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/matmul.cu, and the way from the op to the kernels of its arithmetic.</summary>
internal static class MatMulOps
{
    private const int Tile = 64;

    // Sums over k longer than this are cut into at most MostPartialSums of whole steps, by k alone.
    private const int LongSum = 8192, Step = LongSum / 4, MostPartialSums = 64;

    /// <summary>How wide products are that fill the tiles which multiply thirds.</summary>
    private const int LeastOfThirds = 64;

    /// <summary>Rows whose thirds are made, and multiplied, at a time when operands lie transposed.</summary>
    private const int RowsOfThirds = 32_768;

    /// <summary>y = activation(op(a) op(b) + bias) + residual, in <paramref name="arithmetic"/>.</summary>
    public static void MatMul(
        this CudaQueue queue, DType arithmetic, Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias,
        Activation activation, Tensor? residual)
    {
        var k = transposeA ? a.Rows : a.Columns;
        var (isHalf, hasThirds) = (arithmetic == DType.BFloat16, arithmetic == DType.Float32 && queue.Gpu.Traits.HasWarpgroups);
        if (!transposeA && (isHalf || (hasThirds && FillsTiles(y.Columns, k))))
            OnTensorCores(queue, isHalf ? 1 : Split3Ops.Thirds, a, b, y, transposeB, bias, activation, residual);
        else if (transposeA && !transposeB && k > 0 && hasThirds && FillsTiles(y.Rows, y.Columns))
            OverRows(queue, a, b, y, bias, activation, residual);
        else
            Plain(queue, a, b, y, transposeA, transposeB, bias, activation, residual);
    }

    /// <summary>y = activation(partial sums (M, N), which lie behind each other, added in order, + bias) + residual.</summary>
    public static void AddPartialSums(
        this CudaQueue queue, KernelArgument sums, int count, Tensor y, Tensor? bias = null, Activation activation = Activation.None,
        Tensor? residual = null) =>
        queue.Launch(
            KernelTable.MatMulSum,
            Grid.Elements(KernelTable.MatMulSum, y.Rows, y.Columns),
            new((count * KernelWork.BytesOf(y)) + KernelWork.BytesOf(y, bias, residual)),
            sums, count, y, y.RowStride, bias, KernelArgument.TypeOf(bias), (int)activation, residual, residual?.RowStride ?? 0,
            y.Rows, y.Columns);

    /// <summary>
    /// Whether a product is worth thirds: by its columns and the length of its sums, or by both sides of a sum over rows.
    /// </summary>
    private static bool FillsTiles(int columns, int other) => Math.Min(columns, other) >= LeastOfThirds;

    /// <summary>The product in plain single precision.</summary>
    private static void Plain(
        CudaQueue queue, Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation,
        Tensor? residual)
    {
        var k = transposeA ? a.Rows : a.Columns;
        var (aOuter, aInner) = transposeA ? (1, a.RowStride) : (a.RowStride, 1);
        var (bOuter, bInner) = transposeB ? (b.RowStride, 1) : (1, b.RowStride);
        if (k <= LongSum)
        {
            // Rows beyond the height of a grid are a second launch on views.
            for (var start = 0; start < y.Rows; start += Grid.MaxY * Tile)
            {
                var count = Math.Min(Grid.MaxY * Tile, y.Rows - start);
                var (part, added) = (y.RowRange(start, count), residual?.RowRange(start, count));
                var rows = transposeA ? a.ColumnRange(start, count) : a.RowRange(start, count);
                queue.Launch(
                    KernelTable.MatMul,
                    new(Grid.Blocks(y.Columns, Tile), Grid.Blocks(count, Tile)),
                    new(KernelWork.BytesOf(rows, b, bias, added, part), Flops: 2.0 * part.Count * k),
                    rows, aOuter, aInner, b, bOuter, bInner, KernelArgument.TypeOf(b), part, y.RowStride, bias, KernelArgument.TypeOf(bias),
                    (int)activation, added, residual?.RowStride ?? 0, count, y.Columns, k);
            }

            return;
        }

        var length = Grid.Blocks(Grid.Blocks(k, MostPartialSums), Step) * Step;
        var sums = Grid.Blocks(k, length);
        using var held = queue.Scratch(sums * y.Count * sizeof(float), out var scratch);
        queue.Launch(
            KernelTable.MatMulSplit,
            new(Grid.Blocks(y.Columns, Tile), Grid.Blocks(y.Rows, Tile), sums),
            new(KernelWork.BytesOf(a, b) + (sums * KernelWork.BytesOf(y)), Flops: 2.0 * y.Count * k),
            a, aOuter, aInner, b, bOuter, bInner, KernelArgument.TypeOf(b), scratch, y.Rows, y.Columns, k, length);
        queue.AddPartialSums(scratch, sums, y, bias, activation, residual);
    }

    /// <summary>
    /// The product of (K, M) transposed and (K, N) in single precision: their thirds, for some rows at a time, and sums over no
    /// more rows than those, added in order. Short sums: tensor cores cut what an addition cannot hold.
    /// </summary>
    private static void OverRows(CudaQueue queue, Tensor a, Tensor b, Tensor y, Tensor? bias, Activation activation, Tensor? residual)
    {
        var (m, n, most) = (y.Rows, y.Columns, Math.Min(a.Rows, RowsOfThirds));
        var sumsOfRows = ProductSm90Ops.SplitOf(queue.Gpu.Traits, m, n, most, int.MaxValue).Count;
        var (sumBytes, sumsAt) = (y.Count * sizeof(float), (Bf16Rows.Bytes(m) + Bf16Rows.Bytes(n)) * Split3Ops.Thirds * most);
        using var held = queue.Scratch(sumsAt + (Grid.Blocks(a.Rows, RowsOfThirds) * sumsOfRows * sumBytes), out var scratch);
        var sums = (ulong)(scratch.Address + sumsAt);
        var count = 0;
        for (var start = 0; start < a.Rows; start += RowsOfThirds)
        {
            var rows = Math.Min(RowsOfThirds, a.Rows - start);
            var left = Bf16Rows.At(scratch, 0, Split3Ops.Thirds * rows, m);
            var right = Bf16Rows.At(scratch, Bf16Rows.Bytes(m) * left.Rows, left.Rows, n);
            queue.Split3(a.RowRange(start, rows), left);
            queue.Split3(b.RowRange(start, rows), right);
            count += queue.PartialSumsSm90(left, right, sums + (ulong)(count * sumBytes), m, n, sumsOfRows, Split3Ops.Thirds);
        }

        queue.AddPartialSums(sums, count, y, bias, activation, residual);
    }

    /// <summary>
    /// The operands in bf16, if they are not stored so, or in single precision in thirds; the bias in single precision.
    /// </summary>
    private static void OnTensorCores(
        CudaQueue queue, int thirdsOfA, Tensor a, Tensor b, Tensor y, bool transposeB, Tensor? bias, Activation activation,
        Tensor? residual)
    {
        var isReady = Bf16Rows.Is(b);
        var thirdsOfB = b.Type == DType.BFloat16 ? 1 : thirdsOfA;
        var isWidened = bias != null && bias.Type != DType.Float32;
        var left = isWidened ? Bf16Rows.Bytes(2 * y.Columns) : 0;
        var right = left + (Bf16Rows.Bytes(a.Columns) * a.Rows * thirdsOfA);
        using var held = queue.Scratch(right + (isReady ? 0 : Bf16Rows.Bytes(b.Columns) * b.Rows * thirdsOfB), out var scratch);
        var left16 = Rounded(a, thirdsOfA, left);
        var right16 = isReady ? b : Rounded(b, thirdsOfB, right);
        if (isWidened)
        {
            var row = new Tensor(scratch, DType.Float32, 1, y.Columns);
            queue.AddPartialSums(scratch, 0, row, bias); // no sums, only a bias
            bias = row;
        }

        var layout = transposeB ? ProductLayout.NT : ProductLayout.NN;
        if (thirdsOfA == 1)
            queue.Product(layout, left16, right16, y, ProductEpilogue.Float, bias, activation, residual);
        else
            queue.ProductSm90(layout, left16, right16, y, ProductEpilogue.Float, bias, activation, residual, thirdsOfA, thirdsOfB);

        Tensor Rounded(Tensor x, int thirds, long at)
        {
            var rounded = Bf16Rows.At(scratch, at, x.Rows * thirds, x.Columns);
            if (thirds == 1)
                queue.ToBf16(x, rounded);
            else
                queue.Split3(x, rounded);
            return rounded;
        }
    }
}
