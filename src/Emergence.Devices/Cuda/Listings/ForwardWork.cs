namespace Emergence.Devices.Cuda.Listings;

/// <summary>A block of GPT-2 XL in single precision, and one call of each op that other models have.</summary>
internal static class ForwardWork
{
    private const int Rows = 16_384, Chain = 8, Width = 1_600, Heads = 25, Head = 64, Inner = 4 * Width;
    private const double Single = sizeof(float);

    public static PassWork Block { get; } = new("block", $"a block of GPT-2 XL, {Rows:N0} rows in chains of {Chain}, plain single precision",
    [
        Norm(KernelTable.LayerNorm),
        Product(3 * Width, Width),

        // A row sees (chain + 1) / 2 rows on average, twice: scores and values.
        new(KernelTable.Attention, 4 * Single * Rows * Width, Flops: 2.0 * Rows * (Chain + 1) * Heads * Head),
        Product(Width, Width, residual: true),
        Norm(KernelTable.LayerNorm),
        Product(Inner, Width),
        Product(Width, Inner, residual: true),
    ]);

    public static PassWork Ops { get; } = new("op", $"one call over {Rows:N0} rows of {Width:N0}",
    [
        new(KernelTable.Embed, 2 * Single * Rows * Width),
        new(KernelTable.GatherRows, 2 * Single * Rows * Width),
        new(KernelTable.Rotate, 2 * Single * Rows * Width),
        Norm(KernelTable.RmsNorm),
        new(KernelTable.Gate, 3 * Single * Rows * Inner),
        new(KernelTable.SoftCap, 2 * Single * Rows * Width),
        new(KernelTable.Scale, 2 * Single * Rows * Width),
        new(KernelTable.Clip, 2 * Single * Rows * Width),
        new(KernelTable.ApplyXielu, 2 * Single * Rows * Inner),
        new(KernelTable.CopyHeads, 2 * Single * Rows * Width),
        new(KernelTable.SplitParts, (Single + (3 * sizeof(ushort))) * Rows * Width),
    ]);

    private static LaunchWork Norm(KernelRow kernel) => new(kernel, 2 * Single * Rows * Width);

    private static LaunchWork Product(int n, int k, bool residual = false) =>
        new(KernelTable.MatMul, Single * (((double)Rows * k) + ((double)n * k) + ((residual ? 2.0 : 1.0) * Rows * n)), Flops: 2.0 * Rows * n * k);
}
