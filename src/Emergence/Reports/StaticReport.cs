using Emergence.Devices.Cuda.Listings;

namespace Emergence.Reports;

/// <summary>What <c>bench --static</c> prints: one row for a kernel and a GPU it was assembled for.</summary>
internal static class StaticReport
{
    public static Table Table(IEnumerable<KernelFigures> figures)
    {
        var table = new Table(
            TableColumn.Text("kernel"), TableColumn.Text("target"), TableColumn.Integer("threads"), TableColumn.Integer("registers"), TableColumn.Integer("shared_bytes"), TableColumn.Integer("stack_bytes"), TableColumn.Integer("spill_bytes"), TableColumn.Integer("local"),
            TableColumn.Text("blocks_of"), TableColumn.Integer("blocks_per_sm"), TableColumn.Integer("loop_tensor"), TableColumn.Integer("loop_fma"), TableColumn.Integer("loop_loads"), TableColumn.Integer("loop_other"), TableColumn.Number("tensor_share", 2), TableColumn.Number("fma_share", 2));
        foreach (var kernel in figures)
        {
            var (assembled, loop) = (kernel.Assembled, kernel.Loop);
            table.Add(
                kernel.Kernel, kernel.Gpu, kernel.Threads, assembled.Registers, kernel.SharedBytes, assembled.StackBytes, assembled.SpillBytes, kernel.Local,
                MultiprocessorLimits.Of(kernel.Gpu).Name, kernel.BlocksPerMultiprocessor, loop.Tensor, loop.Fma, loop.Loads, loop.Other, loop.TensorShare, loop.FmaShare);
        }

        return table;
    }

    /// <summary>The table as a page for benchmarks/results/static.md.</summary>
    public static string Page(IEnumerable<KernelFigures> figures, string release) =>
        $"""
        # Kernels without a GPU

        `bench --static`: every kernel assembled by ptxas {release} and read back by nvdisasm. `local` counts instructions to local
        memory in the whole kernel; `loop_*` the instructions of its main loop (of the whole kernel where it has none);
        the shares are of that loop's issue slots. `blocks_per_sm` follows from registers, shared memory and threads.

        {Table(figures).ToString(TableFormat.Markdown)}
        """;
}
