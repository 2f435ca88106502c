using System.Globalization;
using System.Text.RegularExpressions;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Lab.Listings;
using Emergence.Lab.Reports;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>What can be read off the embedded PTX: targets, entries, and instructions that must or must not be there.</summary>
public sealed partial class PtxTests
{
    /// <summary>Instructions that a kernel is written for: how many there are at least.</summary>
    private static readonly (KernelRow Kernel, string Instruction, int Least)[] s_expected =
    [
        (KernelTable.MatMul, "fma.rn.f32", 256),
        (KernelTable.MatMul, "ld.shared.v4", 32),
        (KernelTable.MatMulSplit, "fma.rn.f32", 256),
        (KernelTable.LayerNorm, "shfl.sync", 10),
        (KernelTable.RmsNorm, "shfl.sync", 5),
        (KernelTable.LayerNorm, "sqrt.rn.f32", 1),
        (KernelTable.DonskerVaradhan, "fma.rn.f64", 2),
        .. KernelTable.Products.SelectMany(product => Tensors(product.Key, product.Value)),
        (KernelTable.ToBf16, "ld.global.v4", 2),
        (KernelTable.WeightsToBf16, "st.global.v4", 1),
        (KernelTable.AddPairsBf16, "ld.global.v4", 2),
        (KernelTable.AddPairsBf16, "st.global.v4", 1),
        (KernelTable.SumRowsBf16, "ld.global.v4", 6),
        (KernelTable.SumByIndexBf16, "ld.global.v4", 2),
        (KernelTable.CriticTail, "ld.shared.v4", 6),
        (KernelTable.CriticTailGradient, "fma.rn.f32", 256),
        (KernelTable.CriticTailMma, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 27 + 18 + 6 + 3),
        (KernelTable.CriticTailMmaGradient, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 168),
        (KernelTable.SortScatter, "vote.sync.ballot", 32),
        (KernelTable.DrawOffSupport, "mul.hi.u32", 20),
        (KernelTable.SmallCritic, "fma.rn.f32", 1000),
        (KernelTable.SmallCritic, "ld.shared.v4", 100),
    ];

    private const string MulticastLoad = "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster";

    /// <summary>Files whose kernels multiply on tensor cores, all of them.</summary>
    private static readonly string[] s_tensorFiles = ["product", "product_sm90", "pair_product_sm90", "critic_tail_mma"];

    public static TheoryData<string> Files { get; } = [.. KernelImages.Resources("").Where(name => name.EndsWith(".ptx", StringComparison.Ordinal)).DefaultIfEmpty("none")];

    [Fact]
    public void Sources_are_always_embedded()
    {
        Assert.All(KernelTable.Rows, row => Assert.True(KernelImages.Resource(row.File + ".cu") != null || KernelImages.Resource($"sm90/{row.File}.cu") != null, row.File));
        Assert.Contains("include/em.h", KernelImages.Resources("include/"));
        Assert.DoesNotContain("include/em_emulated.h", KernelImages.Resources("include/"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Entries_are_those_of_the_kernel_table(string name)
    {
        var ptx = Read(name);
        var rows = KernelTable.Rows.Where(row => row.File == name.Split('.')[0]).ToDictionary(row => row.Name);
        var entries = Entries(ptx).ToDictionary(entry => entry.Name, entry => entry.Text);
        Assert.Equal(rows.Keys.Order(), entries.Keys.Order());
        Assert.All(rows.Values, row => Assert.Matches($@"\.maxntid {row.Threads}(, 1, 1)?\s", entries[row.Name]));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_driver_the_program_supports_can_load_it(string name)
    {
        var ptx = Read(name);
        var (version, target) = name.Contains(".sm_90a.", StringComparison.Ordinal) ? ("8.3", "sm_90a") : ("7.8", "sm_80");
        Assert.Contains($".version {version}\n.target {target}\n", ptx, StringComparison.Ordinal);
    }

    /// <summary>Nothing unresolved, nothing in local memory, no atomic on floats, and in single precision no approximation.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Forbidden_instructions_are_absent(string name)
    {
        var found = Forbidden().Matches(Read(name)).Select(match => match.Value).Distinct();
        Assert.Empty(found);
    }

    [Fact]
    public void Kernels_have_the_instructions_they_are_written_for()
    {
        foreach (var (kernel, instruction, least) in s_expected)
        {
            var text = Entries(Read(kernel.File + ".sm_80.ptx")).Single(entry => entry.Name == kernel.Name).Text;
            Assert.True(Regex.Count(text, $@"(?<=\s){Regex.Escape(instruction)}") >= least, $"{kernel.Name}: fewer than {least} {instruction}");
        }
    }

    /// <summary>Tiles come by the copy engine and barriers, to both blocks of a cluster at once.</summary>
    [Theory]
    [InlineData("product_sm90")]
    [InlineData("pair_product_sm90")]
    public void Hopper_kernels_have_the_instructions_they_are_written_for(string file)
    {
        var entries = Entries(Read($"{file}.sm_90a.ptx")).ToDictionary(entry => entry.Name, entry => entry.Text);
        Assert.NotEmpty(entries);
        foreach (var (name, text) in entries)
        {
            var columns = int.Parse(name.Split('_')[^1], CultureInfo.InvariantCulture);
            (string, int)[] common = [("wgmma.wait_group.sync.aligned", 1), ("setmaxnreg.inc", 1), ("setmaxnreg.dec", 1)];
            foreach (var (instruction, least) in common.Concat(file == "product_sm90" ? Tiles(columns) : Pairs(columns, name.Contains("forward", StringComparison.Ordinal))))
                Assert.True(Regex.Count(text, $@"(?<=\s){Regex.Escape(instruction)}") >= least, $"{name}: fewer than {least} {instruction}");
        }
    }

    /// <summary>NVIDIA's own assembler: no error, no complaint, no stack, no spill, nothing in local memory, on every GPU the PTX is for.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Assembles_without_spills(string name)
    {
        var entries = Entries(Read(name)).Select(entry => entry.Name).Order().ToArray();
        foreach (var gpu in KernelFigures.TargetsOf(name))
        {
            var (kernels, complaints) = CudaCheckers.Figures(name, gpu);
            Assert.Empty(complaints);
            Assert.Equal(entries, kernels.Select(kernel => kernel.Kernel).Order());
            Assert.All(kernels, kernel => Assert.Equal((kernel.Kernel, gpu, 0, 0, 0), (kernel.Kernel, gpu, kernel.Assembled.StackBytes, kernel.Assembled.SpillBytes, kernel.Local)));
            Assert.All(kernels.Where(kernel => s_tensorFiles.Contains(kernel.File)), kernel => Assert.True(kernel.Loop.Tensor > 0, $"no tensor instruction in the main loop of {kernel.Kernel}"));
            Assert.All(kernels, kernel => Assert.True(kernel.BlocksPerMultiprocessor > 0, $"no block of {kernel.Kernel} fits on a multiprocessor of {gpu}"));
        }
    }

    /// <summary>By the tools it was made with: others make other code of the same source.</summary>
    [Fact]
    public void The_committed_page_is_of_these_kernels()
    {
        var tools = CudaCheckers.Tools;
        _ = Read("sums.sm_80.ptx");
        var page = File.ReadAllText(Path.Combine(TestData.Repository, "benchmarks", "results", "static.md"));
        if (!page.Contains($" assembled by ptxas {tools.Version} ", StringComparison.Ordinal))
            Assert.Skip($"benchmarks/results/static.md is by another assembler than this one, ptxas {tools.Version}");
        if (!CudaCheckers.Compiler.EndsWith("clang-19", StringComparison.Ordinal))
            Assert.Skip($"benchmarks/results/static.md is of what clang-19 makes, and this PTX of {CudaCheckers.Compiler}");
        var figures = KernelFigures.EmbeddedPtx.SelectMany(name => KernelFigures.TargetsOf(name).SelectMany(gpu => CudaCheckers.Figures(name, gpu).Kernels));
        Assert.Equal(StaticReport.Page([.. figures], tools.Version).Split('\n'), page.Split('\n'));
    }

    /// <summary>Every source also passes NVIDIA's own front end, with the same entries.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Nvrtc_makes_the_same_entries(string name)
    {
        var parts = name.Split('.');
        _ = Read(name);
        var compiled = CudaCheckers.Nvrtc().Compile(parts[0], parts[1], 12_040).Text;
        Assert.Equal(Entries(Read(name)).Select(entry => entry.Name).Order(), Entries(compiled).Select(entry => entry.Name).Order());
    }

    /// <summary>A step of 64 along k: four products of 16 for each of two warpgroups.</summary>
    private static (string, int)[] Tiles(int columns) =>
        [($"wgmma.mma_async.sync.aligned.m64n{columns}k16.f32.bf16.bf16", 4), (MulticastLoad, 2), ("mbarrier.try_wait.parity", 2)];

    /// <summary>
    /// A step of 64 along k: four products of 16 for each half of 192 columns, by fragments of two matrices added two at a time. A
    /// thread copies 16 bytes of eight rows of either; ByRows has the whole and the last step apart. Both rings have two barriers
    /// for each stage, and one is waited for at two places.
    /// </summary>
    private static IEnumerable<(string, int)> Pairs(int columns, bool isForward)
    {
        yield return ("wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16", 4 * columns / 192);
        yield return (MulticastLoad, 1);
        yield return ("mbarrier.try_wait.parity", 5);
        yield return ("cp.async.cg.shared.global", isForward ? 16 : 32);
        yield return ("cp.async.mbarrier.arrive.noinc", 1);
        yield return ($"ldmatrix.sync.aligned.m8n8.x4{(isForward ? "" : ".trans")}.shared.b16", 2 * 4);
        yield return ("add.rn.bf16x2", 4 * 4);
        if (isForward)
            yield return ("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group", columns / 64);
    }

    /// <summary>A step of 32 along k: 16 x 8 products of two halves, fragments of both operands, and copies of 16 bytes for the ring.</summary>
    private static IEnumerable<(KernelRow, string, int)> Tensors((ProductLayout Layout, int Columns) key, KernelRow kernel)
    {
        // Warps take 64 x 32, 32 x 48 or 32 x 32.
        var (down, across) = key.Columns switch { 128 => (4, 4), 96 => (2, 6), _ => (2, 4) };
        yield return (kernel, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 2 * down * across);
        yield return (kernel, "ldmatrix.sync.aligned.m8n8.x4", 2 * (down + across / 2));
        yield return (kernel, "ldmatrix.sync.aligned.m8n8.x4.trans", 2 * (key.Layout switch { ProductLayout.NT => 0, ProductLayout.NN => across / 2, _ => down + across / 2 }));
        yield return (kernel, "cp.async.cg.shared.global", 4 * (2 + key.Columns / 64));
        yield return (kernel, "st.global.v4", 1);
    }

    private static string Read(string name)
    {
        if (KernelImages.Resource(name) is { } text)
            return text;
        Assert.Skip("no PTX is embedded: CMake and clang 19 or newer make it");
        return "";
    }

    private static IEnumerable<(string Name, string Text)> Entries(string ptx) =>
        ptx.Split(".entry ").Skip(1).Select(text => (text[..text.IndexOf('(', StringComparison.Ordinal)].Trim(), text));

    [GeneratedRegex(@"\.extern \.func.*|__local_depot\w*|\bcall(\.uni)?\s.*|\.visible \.entry _Z\w+|\b(atom|red)\.[\w.]*f(16|32|64)|\w+\.approx[\w.]*", RegexOptions.CultureInvariant)]
    private static partial Regex Forbidden();
}
