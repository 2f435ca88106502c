using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>Which operands of a product lie transposed; all are bf16, row-major, rows at multiples of 16 bytes.</summary>
internal enum ProductLayout
{
    /// <summary>a (M, K), b (N, K).</summary>
    NT,

    /// <summary>a (M, K), b (K, N).</summary>
    NN,

    /// <summary>a (K, M), b (K, N).</summary>
    TN,
}

/// <summary>What becomes of a product's sums, as in product.cu and product_sm90.cu.</summary>
internal enum ProductKind
{
    /// <summary>y (bf16) = activation of sum + bias.</summary>
    Activated,

    /// <summary>y (bf16) = sum * f'(y), where y held the activation of a leaky ReLU.</summary>
    Gradient,

    /// <summary>y (fp32) = activation(sum + bias) + residual.</summary>
    Float,

    /// <summary>Parts along K, each an (M, N) of fp32 behind the other; only in product_sm90.cu.</summary>
    Split,

    /// <summary>y (bf16) = sum * f'(z), where the signs of z are given as bits; only in product_sm90.cu.</summary>
    Masked,
}

/// <content>Products on tensor cores. Their bytes depend on K and the operands' values, never on M or the tile.</content>
public sealed unsafe partial class CudaDevice
{
    private const int ProductRows = 128, ProductDepth = 32;

    // Long sums (gradients over all pairs) are cut along K into at most MaxProductParts parts, of whole steps.
    private const int MaxProductParts = 48, LeastProductPart = 1024;

    /// <summary>y = activation(op(a) op(b) + bias).</summary>
    /// <param name="layout">What op does.</param>
    /// <param name="a">bf16.</param>
    /// <param name="b">bf16.</param>
    /// <param name="y">(M, N) bf16.</param>
    /// <param name="bias">(1, N) Float32, or none.</param>
    /// <param name="activation">Applied last.</param>
    internal void ProductActivated(ProductLayout layout, Tensor a, Tensor b, Tensor y, Tensor? bias, Activation activation) =>
        Multiply(layout, a, b, y, ProductKind.Activated, bias, activation, null);

    /// <summary>y = op(a) op(b) * f'(z) of the leaky ReLU y = f(z), told by the sign of y, in place.</summary>
    /// <param name="layout">What op does.</param>
    /// <param name="a">bf16.</param>
    /// <param name="b">bf16.</param>
    /// <param name="y">(M, N) bf16, in: outputs of the forward pass; out: gradient by the function's argument.</param>
    internal void ProductGradient(ProductLayout layout, Tensor a, Tensor b, Tensor y) =>
        Multiply(layout, a, b, y, ProductKind.Gradient, null, Activation.None, null);

    /// <summary>y = a b * f'(z) of a leaky ReLU, told by the signs of z; only where there is <see cref="Hopper"/>.</summary>
    /// <param name="a">(M, K) bf16.</param>
    /// <param name="b">(K, N) bf16.</param>
    /// <param name="y">(M, N) bf16.</param>
    /// <param name="signs"><see cref="HopperProducts.SignWords"/> words.</param>
    internal void ProductMasked(Tensor a, Tensor b, Tensor y, Tensor signs) =>
        Hopper!.Launch(ProductLayout.NN, a, b, y, ProductKind.Masked, signs: signs);

    /// <summary>y = activation(op(a) op(b) + bias) + residual.</summary>
    /// <param name="layout">What op does.</param>
    /// <param name="a">bf16.</param>
    /// <param name="b">bf16.</param>
    /// <param name="y">(M, N) Float32.</param>
    /// <param name="bias">(1, N) Float32, or none.</param>
    /// <param name="activation">Applied before the residual is added.</param>
    /// <param name="residual">(M, N) Float32, or none; may be y.</param>
    internal void ProductFloat(ProductLayout layout, Tensor a, Tensor b, Tensor y, Tensor? bias, Activation activation, Tensor? residual) =>
        Multiply(layout, a, b, y, ProductKind.Float, bias, activation, residual);

    /// <summary>y = a' b for a long K: fixed parts of it, added in order.</summary>
    /// <param name="a">(K, M) bf16.</param>
    /// <param name="b">(K, N) bf16.</param>
    /// <param name="y">(M, N) Float32.</param>
    /// <param name="parts">Float32, <see cref="ProductSplitCount"/> elements; none: this device's own memory.</param>
    internal void ProductSplit(Tensor a, Tensor b, Tensor y, Tensor? parts = null)
    {
        if (ProductSplitCount(a.Rows, y.Rows, y.Columns) == 0)
        {
            Multiply(ProductLayout.TN, a, b, y, ProductKind.Float, null, Activation.None, null);
            return;
        }

        if (parts != null)
        {
            MultiplyParts(a, b, y, parts);
            return;
        }

        using var held = Hold(ProductSplitCount(a.Rows, y.Rows, y.Columns) * sizeof(float), out var scratch);
        MultiplyParts(a, b, y, scratch);
    }

    /// <summary>Elements that the parts of <see cref="ProductSplit"/> take; 0 where K is one part.</summary>
    internal static long ProductSplitCount(long k, int m, int n) => k <= PartLength(k) ? 0 : (long)ProductPartCount(k) * m * n;

    /// <summary>The most parts that a sum over k is cut into.</summary>
    internal static int ProductPartCount(long k) => (int)((k + PartLength(k) - 1) / PartLength(k));

    private static int PartLength(long k) => (int)Math.Max(LeastProductPart, ((k + MaxProductParts - 1) / MaxProductParts + ProductDepth - 1) / ProductDepth * ProductDepth);

    internal static (KernelRow Kernel, int Columns) ProductTile(ProductLayout layout, int n)
    {
        // The tile that wastes the fewest columns; of those the widest.
        var columns = new[] { 128, 96, 64 }.MinBy(width => Blocks(n, width) * width);
        return (KernelTable.Products[(layout, columns)], columns);
    }

    private void Multiply(ProductLayout layout, Tensor a, Tensor b, Tensor y, ProductKind kind, Tensor? bias, Activation activation, Tensor? residual)
    {
        var k = layout == ProductLayout.TN ? a.Rows : a.Columns;
        if (Hopper is { } hopper && HopperProducts.Takes(layout, kind, activation, k))
        {
            hopper.Launch(layout, a, b, y, kind, bias, activation, residual);
            return;
        }

        var (kernel, columns) = ProductTile(layout, y.Columns);
        var tiles = Blocks(y.Rows, ProductRows) * Blocks(y.Columns, columns);
        Launch(kernel, new(tiles), a, a.RowStride, b, b.RowStride, y, y.RowStride, (int)kind, bias, (int)activation, residual, residual?.RowStride ?? 0, y.Rows, y.Columns, k, Math.Max(1, k));
    }

    private void MultiplyParts(Tensor a, Tensor b, Tensor y, KernelArgument parts)
    {
        int count;
        if (Hopper is { } hopper)
        {
            count = hopper.LaunchParts(a, b, parts, y.Rows, y.Columns, ProductPartCount(a.Rows));
        }
        else
        {
            var (part, (kernel, columns)) = (PartLength(a.Rows), ProductTile(ProductLayout.TN, y.Columns));
            count = Blocks(a.Rows, part);
            var tiles = Blocks(y.Rows, ProductRows) * Blocks(y.Columns, columns);
            Launch(kernel, new(tiles, count), a, a.RowStride, b, b.RowStride, parts, y.Columns, (int)ProductKind.Float, (Tensor?)null, 0, (Tensor?)null, 0, y.Rows, y.Columns, a.Rows, part);
        }

        AddProductParts(parts, count, y);
    }

    /// <summary>y = activation(the parts (M, N), which lie behind each other, added in order, + bias) + residual.</summary>
    private void AddProductParts(KernelArgument parts, int count, Tensor y, Tensor? bias = null, Activation activation = Activation.None, Tensor? residual = null) =>
        Launch(KernelTable.MatMulSum, Elements(KernelTable.MatMulSum, y.Rows, y.Columns), parts, count, y, y.RowStride, bias, Code(bias), (int)activation, residual, residual?.RowStride ?? 0, y.Rows, y.Columns);
}
