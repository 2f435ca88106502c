using System.Globalization;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Listings;
using Emergence.Lab.Listings;
using Emergence.Tables;

namespace Emergence.Lab.Reports;

/// <summary>What <c>bench --static</c> prints: what kernels are made of, what they have to do, and what passes take at the roof.</summary>
internal static class StaticReport
{
    private static readonly GpuRoof[] s_roofs = [GpuRoof.A100, GpuRoof.H100, GpuRoof.H200];

    /// <summary>One row for a kernel and a GPU it was assembled for.</summary>
    public static Table Kernels(IEnumerable<KernelFigures> figures)
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

    /// <summary>One row for a kernel: all its launches in the first pass that has it, with their time at the roof of each GPU.</summary>
    public static Table Work()
    {
        var table = new Table(TableColumn.Text("kernel"), TableColumn.Text("work"), TableColumn.Integer("launches"), TableColumn.Number("mbytes", 1), TableColumn.Number("gflop", 1), TableColumn.Number("a100_us", 1), TableColumn.Number("h100_us", 1), TableColumn.Number("h200_us", 1));
        var (mine, hopper) = (FirstPasses(PassWork.All(warpgroups: false)), FirstPasses(PassWork.All(warpgroups: true)));
        foreach (var kernel in KernelTable.Rows)
        {
            if (!mine.TryGetValue(kernel, out var work) && !hopper.TryGetValue(kernel, out work))
                continue;
            var launches = work.Launches.Where(launch => launch.Kernel == kernel).ToList();
            table.Add([kernel.Name, work.Name, launches.Count, launches.Sum(launch => launch.Bytes) / 1e6, launches.Sum(launch => launch.TensorFlops + launch.Flops) / 1e9, .. s_roofs.Select(Time)]);

            TableCell Time(GpuRoof roof) => roof == GpuRoof.A100 && kernel.Name.Contains("sm90", StringComparison.Ordinal) ? TableCell.Empty : 1e6 * launches.Sum(roof.SecondsOf);
        }

        return table;
    }

    /// <summary>One row for a pass: what its launches together take at the roof.</summary>
    public static Table Passes()
    {
        var table = new Table(TableColumn.Text("pass"), TableColumn.Text("of"), TableColumn.Integer("launches"), TableColumn.Number("gbytes", 2), TableColumn.Number("gflop", 0), TableColumn.Number("a100_ms", 3), TableColumn.Number("h100_ms", 3), TableColumn.Number("h200_ms", 3));
        foreach (var (mine, hopper) in PassWork.All(warpgroups: false).Zip(PassWork.All(warpgroups: true)).Take(3))
        {
            table.Add([
                hopper.Name, hopper.About, hopper.Launches.Count, hopper.Launches.Sum(launch => launch.Bytes) / 1e9, hopper.Launches.Sum(launch => launch.TensorFlops + launch.Flops) / 1e9,
                .. s_roofs.Select(roof => (TableCell)(1e3 * (roof == GpuRoof.A100 ? mine : hopper).SecondsOn(roof)))]);
        }

        return table;
    }

    /// <summary>All three, in any format.</summary>
    public static string Text(IEnumerable<KernelFigures> figures, TableFormat format) => Table.Write([Kernels(figures), Work(), Passes()], format);

    /// <summary>The tables as a page for benchmarks/results/static.md.</summary>
    public static string Page(IEnumerable<KernelFigures> figures, string release) =>
        $"""
        # Kernels without a GPU

        `bench --static`: every kernel assembled by ptxas {release} and read back by nvdisasm. `local` counts instructions to local
        memory in the whole kernel; `loop_*` the instructions of its main loop (of the whole kernel where it has none);
        the shares are of that loop's issue slots. `blocks_per_sm` follows from registers, shared memory and threads.

        {Kernels(figures).ToString(TableFormat.Markdown)}
        ## Work, and time at the roof

        All launches of a kernel in `work`, the first of these that has it. Bytes are every operand once, parts of sums written and read;
        a multiply-add counts as two. The roof of a launch is the slower of its bytes and its arithmetic, by the data sheets of the
        SXM modules. Nothing reaches them: 790 TFLOP/s and 4.3 TB/s were the most that was measured on an H200.

        {string.Join("\n", s_roofs.Select(Describe))}

        {Work().ToString(TableFormat.Markdown)}
        The launches of whole passes, one after the other, as Hopper has them; the A100's time is that of its own:

        {Passes().ToString(TableFormat.Markdown)}
        {Others()}
        """;

    private static Dictionary<KernelRow, PassWork> FirstPasses(IReadOnlyList<PassWork> passes)
    {
        var first = new Dictionary<KernelRow, PassWork>();
        foreach (var pass in passes)
        {
            foreach (var launch in pass.Launches)
                first.TryAdd(launch.Kernel, pass);
        }

        return first;
    }

    private static string Others() => string.Join("\n", PassWork.All(warpgroups: true).Skip(3).Select(pass => $"`{pass.Name}`: {pass.About}.\n"));

    private static string Describe(GpuRoof roof) => string.Create(
        CultureInfo.InvariantCulture,
        $"- {roof.Name.ToUpperInvariant()}: {roof.TensorFlops / 1e12:0} TFLOP/s in bf16, {roof.Flops / 1e12:0.0} in single precision, {roof.BytesPerSecond / 1e12:0.00} TB/s");
}
