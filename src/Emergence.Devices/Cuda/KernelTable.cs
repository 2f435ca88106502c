using Emergence.Devices.Cuda.Ops;

namespace Emergence.Devices.Cuda;

/// <summary>One kernel of kernels/*.cu.</summary>
/// <param name="Name">Name of its entry, and of the op that it serves.</param>
/// <param name="File">Base name of its source.</param>
/// <param name="Threads">Threads of a block, as in its EM_KERNEL.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block; the source asserts what it is made of.</param>
internal sealed record KernelRow(string Name, string File, int Threads, int SharedBytes = 0)
{
    /// <summary>Whether only a GPU with warpgroups can run it.</summary>
    public bool NeedsWarpgroups => File.EndsWith("_sm90", StringComparison.Ordinal);
}

/// <summary>All kernels: lookup, launches, PTX checks and benchmarks read this.</summary>
internal static class KernelTable
{
    private static readonly List<KernelRow> s_rows = [];

    public static IReadOnlyList<KernelRow> Rows => s_rows;

    public static readonly KernelRow Gate = Add("gate", "elementwise", 256);
    public static readonly KernelRow Scale = Add("scale", "elementwise", 256);
    public static readonly KernelRow Clip = Add("clip", "elementwise", 256);
    public static readonly KernelRow ApplyXielu = Add("apply_xielu", "elementwise", 256);
    public static readonly KernelRow SoftCap = Add("soft_cap", "elementwise", 256);
    public static readonly KernelRow LeakyReluGradient = Add("leaky_relu_gradient", "elementwise", 256);
    public static readonly KernelRow AddPairs = Add("add_pairs", "elementwise", 256);
    public static readonly KernelRow Embed = Add("embed", "rows", 256);
    public static readonly KernelRow GatherRows = Add("gather_rows", "rows", 256);
    public static readonly KernelRow Rotate = Add("rotate", "rows", 256);
    public static readonly KernelRow CopyHeads = Add("copy_heads", "rows", 256);
    public static readonly KernelRow MixRows = Add("mix_rows", "rows", 256);
    public static readonly KernelRow Unpack = Add("unpack", "unpack", 256);
    public static readonly KernelRow LayerNorm = Add("layer_norm", "norm", 256);
    public static readonly KernelRow RmsNorm = Add("rms_norm", "norm", 256);
    public static readonly KernelRow MatMul = Add("matmul", "matmul", 256);
    public static readonly KernelRow MatMulSplit = Add("matmul_split", "matmul", 256);
    public static readonly KernelRow MatMulSum = Add("matmul_sum", "matmul", 256);
    public static readonly KernelRow Split3 = Add("split3", "split3", 256);
    public static readonly KernelRow Attention = Add("attention", "attention", 128);
    public static readonly KernelRow ConvolvePaths = Add("convolve_paths", "paths", 256);
    public static readonly KernelRow ScanPaths = Add("scan_paths", "paths", 128);
    public static readonly KernelRow DeltaPaths = Add("delta_paths", "paths", 128);
    public static readonly KernelRow SquareDistances = Add("square_distances", "mixture", 256);
    public static readonly KernelRow SumMixture = Add("sum_mixture", "mixture", 128);
    public static readonly KernelRow SumRows = Add("sum_rows", "sums", 256);
    public static readonly KernelRow SumByIndex = Add("sum_by_index", "sums", 128);
    public static readonly KernelRow DonskerVaradhan = Add("donsker_varadhan", "critic", 256);
    public static readonly KernelRow DonskerVaradhanSum = Add("donsker_varadhan_sum", "critic", 128);
    public static readonly KernelRow DonskerVaradhanGradient = Add("donsker_varadhan_gradient", "critic", 256);
    public static readonly KernelRow Adam = Add("adam", "critic", 256);
    public static readonly KernelRow AdamScheduled = Add("adam_scheduled", "critic", 256);
    public static readonly KernelRow EndStep = Add("end_step", "critic", 32);
    public static readonly KernelRow DrawOffSupport = Add("draw_off_support", "pairs", 128);
    public static readonly KernelRow DrawShuffled = Add("draw_shuffled", "pairs", 128);

    public static readonly KernelRow SmallCritic = Add("small_critic", "small_critic", 256, 99_120);

    public static readonly KernelRow ProductSm90NT128 = Add("product_sm90_nt_128", "product_sm90", 384, 229_544);
    public static readonly KernelRow ProductSm90NT192 = Add("product_sm90_nt_192", "product_sm90", 384, 213_128);
    public static readonly KernelRow ProductSm90NT256 = Add("product_sm90_nt_256", "product_sm90", 384, 229_512);
    public static readonly KernelRow ProductSm90NN128 = Add("product_sm90_nn_128", "product_sm90", 384, 229_544);
    public static readonly KernelRow ProductSm90NN192 = Add("product_sm90_nn_192", "product_sm90", 384, 213_128);
    public static readonly KernelRow ProductSm90NN256 = Add("product_sm90_nn_256", "product_sm90", 384, 229_512);
    public static readonly KernelRow ProductSm90TN128 = Add("product_sm90_tn_128", "product_sm90", 384, 217_256);
    public static readonly KernelRow ProductSm90TN192 = Add("product_sm90_tn_192", "product_sm90", 384, 184_456);
    public static readonly KernelRow ProductSm90TN256 = Add("product_sm90_tn_256", "product_sm90", 384, 217_224);
    public static readonly KernelRow PairProductForward192 = Add("pair_product_sm90_forward_192", "pair_product_sm90", 384, 180_352);
    public static readonly KernelRow PairProductForward384 = Add("pair_product_sm90_forward_384", "pair_product_sm90", 384, 229_504);
    public static readonly KernelRow PairProductByRows192 = Add("pair_product_sm90_by_rows_192", "pair_product_sm90", 384, 180_352);
    public static readonly KernelRow PairProductByRows384 = Add("pair_product_sm90_by_rows_384", "pair_product_sm90", 384, 229_504);
    public static readonly KernelRow ToBf16 = Add("to_bf16", "critic_bf16", 256);
    public static readonly KernelRow WeightsToBf16 = Add("weights_to_bf16", "critic_bf16", 256);
    public static readonly KernelRow AddPairsBf16 = Add("add_pairs_bf16", "critic_bf16", 256);
    public static readonly KernelRow SumRowsBf16 = Add("sum_rows_bf16", "critic_bf16", 256);
    public static readonly KernelRow SumPartials = Add("sum_partials", "critic_bf16", 256);
    public static readonly KernelRow SumByIndexBf16 = Add("sum_by_index_bf16", "critic_bf16", 256);
    public static readonly KernelRow CriticTail = Add("critic_tail", "critic_tail", 256, CriticTailOps.SharedBytes);
    public static readonly KernelRow CriticTailGradient = Add("critic_tail_gradient", "critic_tail", 256, CriticTailOps.SharedBytes);
    public static readonly KernelRow CriticTailMma = Add("critic_tail_mma", "critic_tail_mma", 256);
    public static readonly KernelRow CriticTailMmaGradient = Add(
        "critic_tail_mma_gradient", "critic_tail_mma", 128, CriticTailMmaOps.SharedBytes);
    public static readonly KernelRow SortCount = Add("sort_count", "sort", 256);
    public static readonly KernelRow SortScan = Add("sort_scan", "sort", 256);
    public static readonly KernelRow SortScatter = Add("sort_scatter", "sort", 256);
    public static readonly KernelRow SortStarts = Add("sort_starts", "sort", 256);
    public static readonly KernelRow OrderTwos = Add("order_twos", "sort", 256);

    /// <summary>Products by layout and columns of a tile. Shared memory holds the ring of stages, then the staged sums.</summary>
    public static IReadOnlyDictionary<(ProductLayout Layout, int Columns), KernelRow> Products { get; } = (
        from layout in Enum.GetValues<ProductLayout>()
        from tile in new (int Columns, int SharedBytes)[] { (128, 69_632), (96, 61_440), (64, 53_248) }
        select (Key: (layout, tile.Columns), Row: Add(
            $"product_{Enum.GetName(layout)!.ToLowerInvariant()}_{tile.Columns}", "product", 256,
            tile.SharedBytes))).ToDictionary(product => product.Key, product => product.Row);

    private static KernelRow Add(string name, string file, int threads, int sharedBytes = 0)
    {
        var row = new KernelRow(name, file, threads, sharedBytes);
        s_rows.Add(row);
        return row;
    }
}
