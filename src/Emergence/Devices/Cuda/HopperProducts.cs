using Emergence.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>Launches kernels/sm90/product_sm90.cu: products of bf16 matrices by warpgroups and the copy engine.</summary>
internal sealed class HopperProducts(CudaContext context, CudaKernels kernels)
{
    private const int TileRows = 128, TileK = 64, BlocksOfCluster = 2;

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

    /// <summary>Whether this GPU has the instructions; the emulator has them all.</summary>
    public static bool IsSupported(CudaContext context) => context.Driver.IsEmulated || context.Capability == 90;

    /// <summary>Parts along k that fill the GPU, and the length of each but the last: a multiple of 64.</summary>
    public (int Count, int Length) SplitOf(int m, int n, int k)
    {
        var tileColumns = s_kernels[Variant(n)].Columns;
        var cluster = Cluster(m);
        var clusters = Math.Max(1, context.MultiprocessorCount / cluster);
        var tiles = Blocks(m, TileRows * cluster) * Blocks(n, tileColumns);
        var steps = Blocks(k, TileK);
        var parts = Math.Clamp(clusters / tiles, 1, Math.Max(1, steps / LeastSteps));
        var length = Blocks(steps, parts) * TileK;
        return (Blocks(k, length), length);
    }

    /// <summary>Multiply-adds of tiles that an (m, n) result costs a step of k, padding included.</summary>
    public long Cost(int m, int n)
    {
        var columns = s_kernels[Variant(n)].Columns;
        var rows = TileRows * Cluster(m);
        return (long)Blocks(m, rows) * rows * Blocks(n, columns) * columns;
    }

    /// <summary>y = epilogue(op(a) op(b)).</summary>
    /// <param name="stream">Where to queue it.</param>
    /// <param name="layout">Of a and b.</param>
    /// <param name="a">bf16; <paramref name="aParts"/> matrices behind each other that add up to one.</param>
    /// <param name="b">bf16; likewise <paramref name="bParts"/>.</param>
    /// <param name="y">(M, N), or for Split the first of SplitOf's parts.</param>
    /// <param name="mode">What becomes of the sums.</param>
    /// <param name="bias">(1, N) fp32, or none.</param>
    /// <param name="activation">Before the residual.</param>
    /// <param name="residual">(M, N) fp32, or none.</param>
    /// <param name="aParts">1, or 3 for fp32 numbers.</param>
    /// <param name="bParts">1, or 3 where a has 3.</param>
    public void Launch(CudaStream stream, ProductLayout layout, Tensor a, Tensor b, Tensor y, ProductMode mode, Tensor? bias = null, Activation activation = Activation.None, Tensor? residual = null, int aParts = 1, int bParts = 1)
    {
        var (products, partsOfA, partsOfB) = (aParts, bParts) switch
        {
            (1, 1) => (1, 0u, 0u),
            (3, 1) => (3, ThreeOfA, 0u),
            (3, 3) => (6, SixOfA, SixOfB),
            _ => throw new ArgumentException($"no product of {aParts} and {bParts} parts"),
        };
        var (aRows, bRows) = (a.Rows / aParts, b.Rows / bParts);
        var (m, k) = layout == ProductLayout.TN ? (a.Columns, aRows) : (aRows, a.Columns);
        var n = layout == ProductLayout.NT ? bRows : b.Columns;
        if (m == 0 || n == 0 || k == 0)
            return;
        var (columns, nt, nn, tn) = s_kernels[Variant(n)];
        var row = layout switch { ProductLayout.NT => nt, ProductLayout.NN => nn, _ => tn };
        var (count, length) = mode == ProductMode.Split ? SplitOf(m, n, k) : (1, Blocks(k, TileK) * TileK);
        var cluster = Cluster(m);
        var items = Blocks(m, TileRows * cluster) * Blocks(n, columns) * count;
        var grid = new Grid(cluster * Math.Min(items, Math.Max(1, context.MultiprocessorCount / cluster)));
        var driver = context.Driver;
        ReadOnlySpan<CudaTensorMap> maps =
        [
            CudaTensorMap.Of(driver, a, layout == ProductLayout.TN ? TileK : TileRows, aParts),
            CudaTensorMap.Of(driver, b, layout == ProductLayout.NT ? columns / 2 : TileK / 2, bParts),
        ];
        stream.Launch(
            kernels[row],
            grid,
            cluster,
            maps,
            [y, mode == ProductMode.Split ? n : y.RowStride, bias, residual, residual?.RowStride ?? 0, (int)mode, (int)activation, IsWide(y, mode, n) ? 1 : 0, m, n, k, length, count, products, partsOfA, partsOfB]);
    }

    /// <summary>Whether four elements of a row of y can be written at once.</summary>
    private static bool IsWide(Tensor y, ProductMode mode, int n)
    {
        var stride = mode == ProductMode.Split ? n : y.RowStride;
        return stride % 4 == 0 && y.Address % (4 * y.Type.Size()) == 0;
    }

    /// <summary>The widest tile that wastes least; narrow ones read more of a for each product.</summary>
    private static int Variant(int n)
    {
        var best = 0;
        for (var i = 1; i < s_kernels.Length; i++)
        {
            if (Blocks(n, s_kernels[i].Columns) * s_kernels[i].Columns < Blocks(n, s_kernels[best].Columns) * s_kernels[best].Columns)
                best = i;
        }

        return best;
    }

    private static int Blocks(int count, int each) => (count + each - 1) / each;

    /// <summary>Clusters are a GPU's; a single row of tiles has nothing to share.</summary>
    private int Cluster(int m) => context.Driver.IsEmulated || m <= TileRows ? 1 : BlocksOfCluster;
}
