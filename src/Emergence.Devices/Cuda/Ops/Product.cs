using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>
/// The host side of kernels/product.cu: products on tensor cores, which go to kernels/sm90 where a GPU has warpgroups and there is
/// code for them. Their bytes depend on K and the operands' values, never on M or the tile.
/// </summary>
internal static class ProductOps
{
    private const int TileRows = 128, Depth = 32;

    // Long sums (gradients over all pairs) are cut along K into so many partial sums at most, of whole steps.
    private const int MostPartialSums = 48, LeastLength = 1024;

    /// <summary>y = epilogue(op(a) op(b)).</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="layout">What op does.</param>
    /// <param name="a">bf16.</param>
    /// <param name="b">bf16.</param>
    /// <param name="y">(M, N), bf16 or Float32 as the epilogue says.</param>
    /// <param name="epilogue">Activated, Gradient or Float.</param>
    /// <param name="bias">(1, N) Float32, or null.</param>
    /// <param name="activation">Applied before the residual is added.</param>
    /// <param name="residual">(M, N) Float32, or null; may be y.</param>
    public static void Product(
        this CudaQueue queue, ProductLayout layout, Tensor a, Tensor b, Tensor y, ProductEpilogue epilogue,
        Tensor? bias = null, Activation activation = Activation.None, Tensor? residual = null)
    {
        var k = layout == ProductLayout.TN ? a.Rows : a.Columns;
        if (queue.Gpu.Traits.HasWarpgroups && ProductSm90Ops.Takes(layout, epilogue, activation, k))
        {
            queue.ProductSm90(layout, a, b, y, epilogue, bias, activation, residual);
            return;
        }

        var (kernel, columns) = Tile(layout, y.Columns);
        queue.Launch(
            kernel,
            new(Grid.Blocks(y.Rows, TileRows) * Grid.Blocks(y.Columns, columns)),
            WorkOf(a, b, KernelWork.BytesOf(y, bias, residual), epilogue, y, k),
            a, a.RowStride, b, b.RowStride, y, y.RowStride, (int)epilogue, bias, (int)activation, residual, residual?.RowStride ?? 0,
            y.Rows, y.Columns, k, Math.Max(1, k));
    }

    /// <summary>y = a' b for a long K: fixed partial sums along it, added in order.</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="a">(K, M) bf16.</param>
    /// <param name="b">(K, N) bf16.</param>
    /// <param name="y">(M, N) Float32.</param>
    public static void ProductOverRows(this CudaQueue queue, Tensor a, Tensor b, Tensor y)
    {
        var (k, length, most) = (a.Rows, Length(a.Rows), PartialSums(a.Rows));
        if (k <= length)
        {
            queue.Product(ProductLayout.TN, a, b, y, ProductEpilogue.Float);
            return;
        }

        using var held = queue.Scratch(most * y.Count * sizeof(float), out var sums);
        if (queue.Gpu.Traits.HasWarpgroups)
        {
            var count = queue.PartialSumsSm90(a, b, sums, y.Rows, y.Columns, most);
            queue.AddPartialSums(sums, count, y);
            return;
        }

        var (kernel, columns) = Tile(ProductLayout.TN, y.Columns);
        queue.Launch(
            kernel,
            new(Grid.Blocks(y.Rows, TileRows) * Grid.Blocks(y.Columns, columns), most),
            WorkOf(a, b, most * KernelWork.BytesOf(y), ProductEpilogue.Float, y, k),
            a, a.RowStride, b, b.RowStride, sums, y.Columns, (int)ProductEpilogue.Float, (Tensor?)null, 0, (Tensor?)null, 0,
            y.Rows, y.Columns, k, length);
        queue.AddPartialSums(sums, most, y);
    }

    /// <summary>The most partial sums that a sum over k is cut into.</summary>
    public static int PartialSums(int k) => Grid.Blocks(k, Length(k));

    private static int Length(int k) => Math.Max(LeastLength, Grid.Blocks(Grid.Blocks(k, MostPartialSums), Depth) * Depth);

    /// <summary>The tile that wastes the fewest columns; of those the widest.</summary>
    private static (KernelRow Kernel, int Columns) Tile(ProductLayout layout, int n)
    {
        var columns = new[] { 128, 96, 64 }.MinBy(width => Grid.Blocks(n, width) * width);
        return (KernelTable.Products[(layout, columns)], columns);
    }

    private static KernelWork WorkOf(Tensor a, Tensor b, double others, ProductEpilogue epilogue, Tensor y, int k)
    {
        // A gradient is multiplied with what y held.
        var old = epilogue == ProductEpilogue.Gradient ? KernelWork.BytesOf(y) : 0;
        return new(KernelWork.BytesOf(a, b) + old + others, TensorFlops: 2.0 * y.Count * k);
    }
}
