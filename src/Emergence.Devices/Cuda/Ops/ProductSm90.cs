using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/sm90/product_sm90.cu: products of bf16 matrices by warpgroups and the copy engine.</summary>
internal static class ProductSm90Ops
{
    private const int TileRows = 128, TileK = 64, RowsOfWarp = 16;

    // Fewer steps of 64 along k than this are not worth a block of their own.
    private const int LeastSteps = 8;

    // fp32 as three numbers of bf16: their products that matter, the smallest first, a third of each operand in four bits.
    private const uint SixOfA = 0x001012, SixOfB = 0x010210, ThreeOfA = 0x012;

    private static readonly (int Columns, KernelRow NT, KernelRow NN, KernelRow TN)[] s_kernels =
    [
        (256, KernelTable.ProductSm90NT256, KernelTable.ProductSm90NN256, KernelTable.ProductSm90TN256),
        (192, KernelTable.ProductSm90NT192, KernelTable.ProductSm90NN192, KernelTable.ProductSm90TN192),
        (128, KernelTable.ProductSm90NT128, KernelTable.ProductSm90NN128, KernelTable.ProductSm90TN128),
    ];

    /// <summary>
    /// Whether there is code for these: sums of something; gradients only if b is (K, N); in bf16 no sums over rows and no
    /// activation but leaky ReLU.
    /// </summary>
    public static bool Takes(ProductLayout layout, ProductEpilogue epilogue, Activation activation, int k) => k > 0 && epilogue switch
    {
        ProductEpilogue.Activated => layout != ProductLayout.TN && activation is (Activation.None or Activation.LeakyRelu),
        ProductEpilogue.Gradient or ProductEpilogue.Masked => layout == ProductLayout.NN,
        _ => true,
    };

    /// <summary>
    /// At most <paramref name="most"/> partial sums along k that fill the GPU, and the length of each but the last: a multiple of 64.
    /// </summary>
    public static (int Count, int Length) SplitOf(GpuTraits gpu, int m, int n, int k, int most)
    {
        var cluster = GpuTraits.ClusterOf(m, TileRows);
        var columns = s_kernels[Variant(n, ProductEpilogue.Split)].Columns;
        return Split(Grid.Blocks(m, TileRows * cluster) * Grid.Blocks(n, columns), gpu.Clusters(cluster), k, most);
    }

    /// <summary>At most <paramref name="most"/> partial sums of so many tiles on so many clusters of blocks.</summary>
    public static (int Count, int Length) Split(int tiles, int clusters, int k, int most)
    {
        var steps = Grid.Blocks(k, TileK);
        var sums = Math.Clamp(clusters / tiles, 1, Math.Max(1, Math.Min(most, steps / LeastSteps)));
        var length = Grid.Blocks(steps, sums) * TileK;
        return (Grid.Blocks(k, length), length);
    }

    /// <summary>Words that hold the signs of an (M, N): 128 for each 64 rows and 64 columns begun.</summary>
    public static long SignWords(int m, int n) => (long)Grid.Blocks(m, 64) * Grid.Blocks(n, 64) * 128;

    /// <summary>y = epilogue(op(a) op(b)).</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="layout">Layout of a and b.</param>
    /// <param name="a">bf16; <paramref name="thirdsOfA"/> matrices behind each other that add up to one.</param>
    /// <param name="b">bf16; <paramref name="thirdsOfB"/> matrices likewise.</param>
    /// <param name="y">(M, N).</param>
    /// <param name="epilogue">What becomes of the sums; not Split.</param>
    /// <param name="bias">(1, N) fp32, or null.</param>
    /// <param name="activation">Applied before the residual is added; for the epilogue Activated leaky ReLU or None.</param>
    /// <param name="residual">(M, N) fp32, or null.</param>
    /// <param name="thirdsOfA">1, or 3 for fp32 numbers.</param>
    /// <param name="thirdsOfB">1, or 3 if a has 3.</param>
    /// <param name="signs">
    /// What the epilogue Masked reads: <see cref="SignWords"/> words of 32 signs, as product_sm90.cu orders them; else null.
    /// </param>
    public static void ProductSm90(
        this CudaQueue queue, ProductLayout layout, Tensor a, Tensor b, Tensor y, ProductEpilogue epilogue,
        Tensor? bias = null, Activation activation = Activation.None, Tensor? residual = null, int thirdsOfA = 1, int thirdsOfB = 1,
        Tensor? signs = null)
    {
        var k = layout == ProductLayout.TN ? a.Rows / thirdsOfA : a.Columns;
        var isWide = y.RowStride % 4 == 0 && y.Address % (4 * y.Type.Size()) == 0;
        var bytes = KernelWork.BytesOf(y, epilogue == ProductEpilogue.Gradient ? y : null, bias, residual, signs);
        Launch(
            queue, layout, epilogue, a, b, thirdsOfA, thirdsOfB, y, y.Rows, y.Columns, k, (1, Grid.Blocks(k, TileK) * TileK), bytes,
            [y, y.RowStride, bias, residual, residual?.RowStride ?? 0, signs, (int)epilogue, (int)activation, isWide ? 1 : 0]);
    }

    /// <summary>Partial sums of a' b along k, each an (M, N) of fp32 behind the other.</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="a">(K, M) bf16; <paramref name="thirds"/> matrices behind each other that add up to one.</param>
    /// <param name="b">(K, N) bf16; as many matrices.</param>
    /// <param name="sums">Memory of <paramref name="most"/> sums.</param>
    /// <param name="m">M.</param>
    /// <param name="n">N.</param>
    /// <param name="most">Sums at most.</param>
    /// <param name="thirds">1, or 3 for fp32 numbers.</param>
    /// <returns>How many sums there are.</returns>
    public static int PartialSumsSm90(
        this CudaQueue queue, Tensor a, Tensor b, KernelArgument sums, int m, int n, int most, int thirds = 1)
    {
        var k = a.Rows / thirds;
        var split = SplitOf(queue.Gpu.Traits, m, n, k, most);
        Launch(
            queue, ProductLayout.TN, ProductEpilogue.Split, a, b, thirds, thirds, null, m, n, k, split,
            (double)split.Count * m * n * sizeof(float),
            [sums, n, (Tensor?)null, (Tensor?)null, 0, (Tensor?)null, (int)ProductEpilogue.Split, 0, n % 4 == 0 ? 1 : 0]);
        return split.Count;
    }

    private static void Launch(
        CudaQueue queue, ProductLayout layout, ProductEpilogue epilogue, Tensor a, Tensor b, int thirdsOfA, int thirdsOfB, Tensor? y,
        int m, int n, int k, (int Count, int Length) split, double bytes, ReadOnlySpan<KernelArgument> output)
    {
        if (m == 0 || n == 0 || k == 0)
            return;
        var (products, orderOfA, orderOfB) = (thirdsOfA, thirdsOfB) switch
        {
            (1, 1) => (1, 0u, 0u),
            (3, 1) => (3, ThreeOfA, 0u),
            (3, 3) => (6, SixOfA, SixOfB),
            _ => throw new ArgumentException($"expected 1 or 3 matrices that add up, found {thirdsOfA} and {thirdsOfB}"),
        };
        var (columns, nt, nn, tn) = s_kernels[Variant(n, epilogue)];
        var kernel = layout switch { ProductLayout.NT => nt, ProductLayout.NN => nn, _ => tn };
        var cluster = GpuTraits.ClusterOf(m, TileRows);
        var items = Grid.Blocks(m, TileRows * cluster) * Grid.Blocks(n, columns) * split.Count;
        Span<CudaTensorMap> maps =
        [
            queue.Map(a, layout == ProductLayout.TN ? TileK : TileRows, thirdsOfA),
            queue.Map(b, layout == ProductLayout.NT ? columns / 2 : TileK, thirdsOfB),
            y?.Type == DType.BFloat16 ? queue.Map(y, RowsOfWarp, 1) : default,
        ];
        queue.Launch(
            kernel,
            queue.Gpu.Traits.Walk(cluster, items),
            cluster,
            maps,
            new(KernelWork.BytesOf(a, b) + bytes, TensorFlops: 2.0 * products * m * n * k),
            [.. output, m, n, k, split.Length, split.Count, products, orderOfA, orderOfB]);
    }

    /// <summary>
    /// The widest tile that wastes least; narrow ones read more of a for each product. The widest has no room for what y held.
    /// </summary>
    private static int Variant(int n, ProductEpilogue epilogue)
    {
        var best = epilogue == ProductEpilogue.Gradient ? 1 : 0;
        for (var i = best + 1; i < s_kernels.Length; i++)
        {
            var (columns, least) = (s_kernels[i].Columns, s_kernels[best].Columns);
            if (Grid.Blocks(n, columns) * columns < Grid.Blocks(n, least) * least)
                best = i;
        }

        return best;
    }
}
