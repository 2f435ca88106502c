using Emergence.Ilgpu;
using Emergence.Lab.Reports;
using Emergence.Tables;
using Emergence.Tests.Devices.Cuda;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Emergence.Tests.Ilgpu;

/// <summary>The kernels as NVIDIA's assembler takes them: no GPU is needed to know that they compile, and that nothing spills.</summary>
public class IlgpuPtxTests
{
    /// <summary>Where the page is to be written instead of compared.</summary>
    private const string Write = "EMERGENCE_WRITE_STATIC_ILGPU";

    private static readonly string s_page = Path.Combine(TestData.Repository, "benchmarks", "results", "static-ilgpu.md");

    [Fact]
    public void Every_kernel_assembles_without_spills_and_the_committed_page_says_how()
    {
        var tools = CudaCheckers.Tools;
        using var context = Context.Create(builder => IlgpuDevices.Configure(builder));
        (CudaArchitecture, string)[] targets = [(CudaArchitecture.SM_80, "sm_80"), (CudaArchitecture.SM_90, "sm_90")];
        var all = IlgpuKernels.All.SelectMany(kernel => targets.Select(target =>
            IlgpuKernels.Assemble(tools, context, kernel, target.Item1, target.Item2))).ToList();

        Assert.All(all, kernel => Assert.Empty(kernel.Complaints));
        Assert.All(all, kernel => Assert.Equal((0, 0), (kernel.Figures.Assembled.SpillBytes, kernel.Figures.Local)));
        Assert.All(all, kernel => Assert.True(kernel.Figures.BlocksPerMultiprocessor > 0, kernel.Figures.Kernel));
        var page = $"""
            # Kernels in C# without a GPU

            Every kernel of `src/Emergence.Ilgpu` as ILGPU 1.5.3 makes PTX of it, assembled by ptxas {tools.Version} and read back by
            nvdisasm: the columns are those of [static.md](static.md). Not run on a GPU.

            {StaticReport.Kernels(all.Select(kernel => kernel.Figures)).ToString(TableFormat.Markdown)}
            """;
        if (Environment.GetEnvironmentVariable(Write) == "1")
            File.WriteAllText(s_page, page);
        var committed = File.ReadAllText(s_page);
        if (!committed.Contains($" assembled by ptxas {tools.Version} ", StringComparison.Ordinal))
            Assert.Skip($"{Path.GetFileName(s_page)} is by another assembler than this one, ptxas {tools.Version}");
        Assert.Equal(page.Split('\n'), committed.Split('\n'));
    }
}
