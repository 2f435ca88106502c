using System.Globalization;
using Emergence.Devices.Cuda;
using Emergence.Lab.Listings;
using Emergence.Tables;

namespace Emergence.Lab.Reports;

/// <summary>What <c>bench --static</c> prints: what kernels are made of, what they have to do, and what passes take at the roof.</summary>
internal static class StaticReport
{
    private static readonly GpuRoof[] s_roofs = [GpuRoof.A100, GpuRoof.H100, GpuRoof.H200];

    /// <summary>An H200 launches what an H100 does.</summary>
    private static readonly Lazy<IReadOnlyList<GpuPass>> s_hopper = new(() => GpuPass.All(GpuTraits.H100));

    private static readonly Lazy<IReadOnlyList<GpuPass>> s_ampere = new(() => GpuPass.All(GpuTraits.A100));

    /// <summary>Bits that a weight takes in files; GPTQ's with zeros and scales of groups of 128.</summary>
    private static readonly (string Stored, double Bits)[] s_stored =
        [("float32", 32), ("bfloat16", 16), ("gptq, 4 bits", 4 + 20 / 128.0)];

    /// <summary>One row for a kernel and a GPU it was assembled for.</summary>
    public static Table Kernels(IEnumerable<KernelFigures> figures)
    {
        var table = new Table(
            TableColumn.Text("kernel"), TableColumn.Text("target"), TableColumn.Integer("threads"), TableColumn.Integer("registers"),
            TableColumn.Integer("shared_bytes"), TableColumn.Integer("stack_bytes"), TableColumn.Integer("spill_bytes"),
            TableColumn.Integer("local"),
            TableColumn.Text("blocks_of"), TableColumn.Integer("blocks_per_sm"), TableColumn.Integer("loop_tensor"),
            TableColumn.Integer("loop_fma"), TableColumn.Integer("loop_loads"), TableColumn.Integer("loop_other"),
            TableColumn.Number("tensor_share", 2), TableColumn.Number("fma_share", 2));
        foreach (var kernel in figures)
        {
            var (assembled, loop) = (kernel.Assembled, kernel.Loop);
            table.Add(
                kernel.Kernel, kernel.Gpu, kernel.Threads, assembled.Registers, kernel.SharedBytes, assembled.StackBytes,
                assembled.SpillBytes, kernel.Local,
                MultiprocessorLimits.Of(kernel.Gpu).Name, kernel.BlocksPerMultiprocessor, loop.Tensor, loop.Fma, loop.Loads, loop.Other,
                loop.TensorShare, loop.FmaShare);
        }

        return table;
    }

    /// <summary>One row for a kernel: all its launches in the first pass that has it, with their time at the roof of each GPU.</summary>
    public static Table Work()
    {
        var table = new Table(
            TableColumn.Text("kernel"), TableColumn.Text("work"), TableColumn.Integer("launches"), TableColumn.Number("mbytes", 1),
            TableColumn.Number("gflop", 1), TableColumn.Number("a100_us", 1), TableColumn.Number("h100_us", 1),
            TableColumn.Number("h200_us", 1));
        var (mine, hopper) = (FirstPasses(s_ampere.Value), FirstPasses(s_hopper.Value));
        foreach (var kernel in KernelTable.Rows)
        {
            if (!mine.TryGetValue(kernel.Name, out var pass) && !hopper.TryGetValue(kernel.Name, out pass))
                continue;
            var launches = pass.Launches.Where(launch => launch.Kernel == kernel.Name).Select(launch => launch.Work).ToList();
            table.Add([
                kernel.Name, pass.Name, launches.Count, launches.Sum(work => work.Bytes) / 1e6, launches.Sum(work => work.AllFlops) / 1e9,
                .. s_roofs.Select(Time)]);

            TableCell Time(GpuRoof roof) =>
                roof == GpuRoof.A100 && kernel.NeedsWarpgroups ? TableCell.Empty : 1e6 * launches.Sum(roof.SecondsOf);
        }

        return table;
    }

    /// <summary>One row for a pass: what its launches together take at the roof.</summary>
    public static Table Passes()
    {
        var table = new Table(
            TableColumn.Text("pass"), TableColumn.Text("of"), TableColumn.Integer("launches"), TableColumn.Number("gbytes", 2),
            TableColumn.Number("gflop", 0), TableColumn.Number("a100_ms", 3), TableColumn.Number("h100_ms", 3),
            TableColumn.Number("h200_ms", 3));
        foreach (var (mine, hopper) in s_ampere.Value.Zip(s_hopper.Value).Take(3))
        {
            table.Add([
                hopper.Name, hopper.About, hopper.Launches.Count, hopper.Launches.Sum(launch => launch.Work.Bytes) / 1e9,
                hopper.Launches.Sum(launch => launch.Work.AllFlops) / 1e9,
                .. s_roofs.Select(roof => (TableCell)(1e3 * (roof == GpuRoof.A100 ? mine : hopper).SecondsOn(roof)))]);
        }

        return table;
    }

    /// <summary>A block whose weights come from the host while the block before it computes: which of the two takes longer at best, and
    /// from how many rows on it is the arithmetic.</summary>
    public static Table Streamed()
    {
        var table = new Table(
            TableColumn.Text("gpu"), TableColumn.Text("stored"), TableColumn.Number("mbytes", 1), TableColumn.Number("link_ms", 3),
            TableColumn.Integer("rows"), TableColumn.Number("kernels_ms", 3), TableColumn.Text("bound"),
            TableColumn.Integer("rows_of_both"));
        foreach (var roof in s_roofs)
        {
            var pass = (roof == GpuRoof.A100 ? s_ampere : s_hopper).Value.Single(pass => pass.Weights > 0);
            var kernels = pass.SecondsOn(roof);
            foreach (var (stored, bits) in s_stored)
            {
                var bytes = pass.Weights * bits / 8;
                var link = bytes / roof.LinkBytesPerSecond;
                table.Add(roof.Name, stored, bytes / 1e6, 1e3 * link, pass.ModelRows, 1e3 * kernels, link > kernels ? "link" : "kernels",
                    (int)Math.Ceiling(pass.ModelRows * link / kernels));
            }
        }

        return table;
    }

    /// <summary>All four, in any format.</summary>
    public static string Text(IEnumerable<KernelFigures> figures, TableFormat format) =>
        Table.Write([Kernels(figures), Work(), Passes(), Streamed()], format);

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
        Weights that are streamed pass the link to the GPU, packed as they are stored, while the block before them computes; the slower of
        the two bounds a block. `block` again, whose kernels take as many times longer as there are more rows:

        {Streamed().ToString(TableFormat.Markdown)}
        """;

    private static Dictionary<string, GpuPass> FirstPasses(IReadOnlyList<GpuPass> passes)
    {
        var first = new Dictionary<string, GpuPass>();
        foreach (var pass in passes)
        {
            foreach (var launch in pass.Launches)
                first.TryAdd(launch.Kernel, pass);
        }

        return first;
    }

    private static string Others() => string.Join("\n", s_hopper.Value.Skip(3).Select(pass => $"`{pass.Name}`: {pass.About}.\n"));

    private static string Describe(GpuRoof roof) => string.Create(
        CultureInfo.InvariantCulture,
        $"- {roof.Name.ToUpperInvariant()}: {roof.TensorFlops / 1e12:0} TFLOP/s in bf16, {roof.Flops / 1e12:0.0} in single precision, " +
        $"{roof.BytesPerSecond / 1e12:0.00} TB/s, {roof.LinkBytesPerSecond / 1e9:0} GB/s from the host");
}
