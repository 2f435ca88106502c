using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>Launches kernels/sm90/product_sm90.cu: products of bf16 matrices by warpgroups and the copy engine.</summary>
internal sealed class HopperProducts(CudaDevice device, CudaContext context)
{
    private const int TileRows = 128, TileK = 64, RowsOfWarp = 16;

    // Fewer steps of 64 along k than this are not worth a block of their own.
    private const int LeastSteps = 8;

    // fp32 as three bf16 parts: the products of parts that matter, the smallest first, a part of each operand in four bits.
    private const uint SixOfA = 0x001012, SixOfB = 0x010210, ThreeOfA = 0x012;

    private static readonly (int Columns, KernelRow NT, KernelRow NN, KernelRow TN)[] s_kernels =
    [
        (256, KernelTable.ProductSm90NT256, KernelTable.ProductSm90NN256, KernelTable.ProductSm90TN256),
        (192, KernelTable.ProductSm90NT192, KernelTable.ProductSm90NN192, KernelTable.ProductSm90TN192),
        (128, KernelTable.ProductSm90NT128, KernelTable.ProductSm90NN128, KernelTable.ProductSm90TN128),
    ];

    /// <summary>The compute capability with these instructions; the emulator has them too.</summary>
    public const int Capability = 90;

    /// <summary>Whether there is code for these: sums of something, deltas only where b is (K, N), in bf16 no sums over rows and no activation but leaky ReLU.</summary>
    public static bool Takes(ProductLayout layout, ProductKind kind, Activation activation, int k) => k > 0 && kind switch
    {
        ProductKind.Activated => layout != ProductLayout.TN && activation is (Activation.None or Activation.LeakyRelu),
        ProductKind.Gradient or ProductKind.Masked => layout == ProductLayout.NN,
        _ => true,
    };

    /// <summary>The kernel that makes n columns, and how many of them a tile of it has.</summary>
    public static (KernelRow Kernel, int Columns) KernelOf(ProductLayout layout, ProductKind kind, int n)
    {
        var (columns, nt, nn, tn) = s_kernels[Variant(n, kind)];
        return (layout switch { ProductLayout.NT => nt, ProductLayout.NN => nn, _ => tn }, columns);
    }

    /// <summary>At most <paramref name="most"/> parts along k that fill the GPU, and the length of each but the last: a multiple of 64.</summary>
    public (int Count, int Length) SplitOf(int m, int n, int k, int most)
    {
        var cluster = CudaContext.ClusterOf(m, TileRows);
        return Split(Blocks(m, TileRows * cluster) * Blocks(n, s_kernels[Variant(n, ProductKind.Split)].Columns), Math.Max(1, context.MultiprocessorCount / cluster), k, most);
    }

    /// <summary>The same, of so many tiles on so many clusters of blocks.</summary>
    public static (int Count, int Length) Split(int tiles, int clusters, int k, int most)
    {
        var steps = Blocks(k, TileK);
        var parts = Math.Clamp(clusters / tiles, 1, Math.Max(1, Math.Min(most, steps / LeastSteps)));
        var length = Blocks(steps, parts) * TileK;
        return (Blocks(k, length), length);
    }

    /// <summary>Words that hold the signs of an (M, N): 128 for each 64 rows and 64 columns begun.</summary>
    public static long SignWords(int m, int n) => (long)Blocks(m, 64) * Blocks(n, 64) * 128;

    /// <summary>y = epilogue(op(a) op(b)).</summary>
    /// <param name="layout">Of a and b.</param>
    /// <param name="a">bf16; <paramref name="aParts"/> matrices behind each other that add up to one.</param>
    /// <param name="b">bf16; likewise <paramref name="bParts"/>.</param>
    /// <param name="y">(M, N).</param>
    /// <param name="kind">What becomes of the sums; not Split.</param>
    /// <param name="bias">(1, N) fp32, or none.</param>
    /// <param name="activation">Before the residual; for Activated leaky ReLU or none.</param>
    /// <param name="residual">(M, N) fp32, or none.</param>
    /// <param name="aParts">1, or 3 for fp32 numbers.</param>
    /// <param name="bParts">1, or 3 where a has 3.</param>
    /// <param name="signs">For Masked: words of 32 signs, <see cref="SignWords"/> of them, as product_sm90.cu orders them.</param>
    public void Launch(ProductLayout layout, Tensor a, Tensor b, Tensor y, ProductKind kind, Tensor? bias = null, Activation activation = Activation.None, Tensor? residual = null, int aParts = 1, int bParts = 1, Tensor? signs = null)
    {
        var k = layout == ProductLayout.TN ? a.Rows / aParts : a.Columns;
        var isWide = y.RowStride % 4 == 0 && y.Address % (4 * y.Type.Size()) == 0;
        Launch(layout, kind, a, b, aParts, bParts, y, y.Rows, y.Columns, k, (1, Blocks(k, TileK) * TileK), [y, y.RowStride, bias, residual, residual?.RowStride ?? 0, signs, (int)kind, (int)activation, isWide ? 1 : 0]);
    }

    /// <summary>Sums of a' b over parts of k, each an (M, N) of fp32 behind the other.</summary>
    /// <param name="a">(K, M) bf16; <paramref name="count"/> matrices behind each other that add up to one.</param>
    /// <param name="b">(K, N) bf16; likewise.</param>
    /// <param name="sums">Memory of <paramref name="most"/> sums.</param>
    /// <param name="m">M.</param>
    /// <param name="n">N.</param>
    /// <param name="most">Sums at most.</param>
    /// <param name="count">1, or 3 for fp32 numbers.</param>
    /// <returns>How many sums there are.</returns>
    public int LaunchParts(Tensor a, Tensor b, KernelArgument sums, int m, int n, int most, int count = 1)
    {
        var k = a.Rows / count;
        var split = SplitOf(m, n, k, most);
        Launch(ProductLayout.TN, ProductKind.Split, a, b, count, count, null, m, n, k, split, [sums, n, (Tensor?)null, (Tensor?)null, 0, (Tensor?)null, (int)ProductKind.Split, 0, n % 4 == 0 ? 1 : 0]);
        return split.Count;
    }

    private void Launch(ProductLayout layout, ProductKind kind, Tensor a, Tensor b, int aParts, int bParts, Tensor? y, int m, int n, int k, (int Count, int Length) split, ReadOnlySpan<KernelArgument> output)
    {
        if (m == 0 || n == 0 || k == 0)
            return;
        var (products, partsOfA, partsOfB) = (aParts, bParts) switch
        {
            (1, 1) => (1, 0u, 0u),
            (3, 1) => (3, ThreeOfA, 0u),
            (3, 3) => (6, SixOfA, SixOfB),
            _ => throw new ArgumentException($"no product of {aParts} and {bParts} parts"),
        };
        var (row, columns) = KernelOf(layout, kind, n);
        var cluster = CudaContext.ClusterOf(m, TileRows);
        var items = Blocks(m, TileRows * cluster) * Blocks(n, columns) * split.Count;
        var grid = new Grid(cluster * Math.Min(items, Math.Max(1, context.MultiprocessorCount / cluster)));
        var driver = context.Driver;
        Span<CudaTensorMap> maps =
        [
            CudaTensorMap.Of(driver, a, layout == ProductLayout.TN ? TileK : TileRows, aParts),
            CudaTensorMap.Of(driver, b, layout == ProductLayout.NT ? columns / 2 : TileK, bParts),
            default,
        ];
        if (y?.Type == DType.BFloat16)
            maps[2] = CudaTensorMap.Of(driver, y, RowsOfWarp, 1);
        device.Launch(row, grid, cluster, maps, [.. output, m, n, k, split.Length, split.Count, products, partsOfA, partsOfB]);
    }

    /// <summary>The widest tile that wastes least; narrow ones read more of a for each product. The widest has no room for what y held.</summary>
    private static int Variant(int n, ProductKind kind)
    {
        var best = kind == ProductKind.Gradient ? 1 : 0;
        for (var i = best + 1; i < s_kernels.Length; i++)
        {
            if (Blocks(n, s_kernels[i].Columns) * s_kernels[i].Columns < Blocks(n, s_kernels[best].Columns) * s_kernels[best].Columns)
                best = i;
        }

        return best;
    }

    private static int Blocks(int count, int each) => (count + each - 1) / each;
}
