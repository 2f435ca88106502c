namespace Emergence.Devices.Cuda;

/// <summary>One kernel of kernels/*.cu.</summary>
/// <param name="Name">Its entry name, and of the op it serves.</param>
/// <param name="File">Base name of its source.</param>
/// <param name="Threads">Of a block, as in its EM_KERNEL.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
internal sealed record KernelRow(string Name, string File, int Threads, int SharedBytes = 0);

/// <summary>All kernels: lookup, launches, PTX checks and benchmarks read this.</summary>
internal static class KernelTable
{
    private static readonly List<KernelRow> s_rows = [];

    public static IReadOnlyList<KernelRow> Rows => s_rows;

    public static readonly KernelRow Gate = Add("gate", "elementwise", 256);
    public static readonly KernelRow SoftCap = Add("soft_cap", "elementwise", 256);
    public static readonly KernelRow LeakyReluGradient = Add("leaky_relu_gradient", "elementwise", 256);
    public static readonly KernelRow AddPairs = Add("add_pairs", "elementwise", 256);
    public static readonly KernelRow Embed = Add("embed", "rows", 256);
    public static readonly KernelRow GatherRows = Add("gather_rows", "rows", 256);
    public static readonly KernelRow Rotate = Add("rotate", "rows", 256);
    public static readonly KernelRow LayerNorm = Add("layer_norm", "norm", 256);
    public static readonly KernelRow RmsNorm = Add("rms_norm", "norm", 256);
    public static readonly KernelRow MatMul = Add("matmul", "matmul", 256);
    public static readonly KernelRow MatMulSplit = Add("matmul_split", "matmul", 256);
    public static readonly KernelRow MatMulSum = Add("matmul_sum", "matmul", 256);
    public static readonly KernelRow Attention = Add("attention", "attention", 128);
    public static readonly KernelRow SumRows = Add("sum_rows", "sums", 256);
    public static readonly KernelRow SumByIndexCount = Add("sum_by_index_count", "sums", 32);
    public static readonly KernelRow SumByIndexStarts = Add("sum_by_index_starts", "sums", 256);
    public static readonly KernelRow SumByIndexScatter = Add("sum_by_index_scatter", "sums", 32);
    public static readonly KernelRow SumByIndex = Add("sum_by_index", "sums", 128);
    public static readonly KernelRow DonskerVaradhan = Add("donsker_varadhan", "critic", 256);
    public static readonly KernelRow DonskerVaradhanSum = Add("donsker_varadhan_sum", "critic", 128);
    public static readonly KernelRow DonskerVaradhanGradient = Add("donsker_varadhan_gradient", "critic", 256);
    public static readonly KernelRow Adam = Add("adam", "critic", 256);
    public static readonly KernelRow AdamScheduled = Add("adam_scheduled", "critic", 256);
    public static readonly KernelRow EndStep = Add("end_step", "critic", 32);
    public static readonly KernelRow DrawOffSupport = Add("draw_off_support", "pairs", 128);
    public static readonly KernelRow DrawShuffled = Add("draw_shuffled", "pairs", 128);

    public static readonly KernelRow SmallCritic = Add("small_critic", "small_critic", 256, 99_088);

    private static KernelRow Add(string name, string file, int threads, int sharedBytes = 0)
    {
        var row = new KernelRow(name, file, threads, sharedBytes);
        s_rows.Add(row);
        return row;
    }
}
