using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Lab.Listings;
using Emergence.Lab.Reports;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>What is read off NVIDIA's assembler and disassembler.</summary>
public sealed class ListingTests
{
    private const string Report = """
        ptxas info    : 0 bytes gmem
        ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to insufficient register resources for the wgmma pipeline in the function 'b'
        ptxas info    : Compiling entry function 'a' for 'sm_90a'
        ptxas info    : Function properties for a
            0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
        ptxas info    : Used 32 registers, 420 bytes cmem[0], 40 bytes cmem[2]
        ptxas info    : Compiling entry function 'b' for 'sm_90a'
        ptxas info    : Function properties for b
            48 bytes stack frame, 16 bytes spill stores, 20 bytes spill loads
        ptxas info    : Used 255 registers, used 1 barriers, 8704 bytes smem, 416 bytes cmem[0]
        """;

    // A loop over tiles around a loop that copies and one that multiplies, then the trap behind the end.
    private const string Listing = """
        	.section	.text.tiles,"ax",@progbits
        tiles:
        .text.tiles:
                /*0000*/                   MOV R1, c[0x0][0x28] ;
                /*0010*/                   HFMA2.MMA R9, -RZ, RZ, 0, 1.1920928955078125e-07 ;
        .L_x_0:
                /*0020*/                   LDG.E.128.CONSTANT R4, [R2.64] ;
        .L_x_1:
                /*0030*/                   STS.128 [R6], R4 ;
                /*0040*/              @P0 BRA `(.L_x_1) ;
        .L_x_2:
                /*0050*/                   LDSM.16.M88.4 R8, [R6] ;
                /*0060*/                   HMMA.16816.F32.BF16 R12, R8, R16, R12 ;
                /*0070*/                   HMMA.16816.F32.BF16 R20, R8, R18, R20 ;
                /*0080*/             @!P1 BRA `(.L_x_2) ;
                /*0090*/                   FFMA R1, R2, R3, R4 ;
                /*00a0*/             @!UP0 BRA `(.L_x_0) ;
                /*00b0*/                   STL [R1], R0 ;
                /*00c0*/                   EXIT ;
        .L_x_3:
                /*00d0*/                   BRA `(.L_x_3);
        .L_x_4:
        	.section	.text.straight,"ax",@progbits
        .text.straight:
                /*0000*/                   FFMA R1, R2, R3, R4 ;
                /*0010*/                   EXIT ;
        """;

    // One register too many for its array: an index known at run time puts it into local memory.
    private const string LocalArray = """
        .version 7.8
        .target sm_80
        .address_size 64
        .visible .entry local_array(.param .u64 p, .param .u32 i) .maxntid 64, 1, 1
        {
            .local .align 4 .b8 depot[256];
            .reg .b64 %d<6>; .reg .b32 %r<4>;
            ld.param.u64 %d0, [p]; ld.param.u32 %r0, [i];
            mov.u64 %d1, depot; mul.wide.u32 %d2, %r0, 4; add.u64 %d3, %d1, %d2;
            st.local.u32 [%d3], %r0; ld.local.u32 %r1, [%d3+4];
            cvta.to.global.u64 %d4, %d0; st.global.u32 [%d4], %r1;
            ret;
        }
        """;

    [Fact]
    public void The_report_of_the_assembler_is_read()
    {
        Assert.Equal([new AssemblyReport("a", 32, 0, 0, 0), new AssemblyReport("b", 255, 8704, 48, 36)], AssemblyReport.Parse(Report));
        Assert.Contains("C7510", Assert.Single(AssemblyReport.Complaints(Report)), StringComparison.Ordinal);
        Assert.Equal("12.4", AssemblyReport.Release("Cuda compilation tools, release 12.4, V12.4.131"));
    }

    [Fact]
    public void The_main_loop_is_the_one_that_multiplies()
    {
        var listings = SassListing.Parse(Listing);

        Assert.Equal(["tiles", "straight"], listings.Select(listing => listing.Kernel));
        Assert.Equal(new InstructionCounts(Tensor: 2, Fma: 0, Loads: 1, Other: 1, Local: 0), listings[0].MainLoop);
        Assert.Equal(0.5, listings[0].MainLoop.TensorShare);
        Assert.Equal(new InstructionCounts(2, 1, 2, 9, 1), listings[0].Whole);
        Assert.Equal(new InstructionCounts(0, 1, 0, 1, 0), listings[1].MainLoop);
    }

    /// <summary>By hand from the CUDA programming guide: 65,536 registers, 64 warps and 32 blocks; 164 and 228 KB of shared memory.</summary>
    [Theory]
    [InlineData(256, 32, 0, 8, 8)]
    [InlineData(256, 128, 0, 2, 2)]
    [InlineData(256, 129, 0, 1, 1)]
    [InlineData(1024, 64, 0, 1, 1)]
    [InlineData(32, 16, 0, 32, 32)]
    [InlineData(128, 24, 0, 16, 16)]
    [InlineData(384, 168, 0, 1, 1)]
    [InlineData(128, 32, 49_152, 3, 4)]
    [InlineData(128, 32, 166_912, 1, 1)]
    [InlineData(128, 32, 232_448, 0, 1)]
    public void Blocks_of_a_multiprocessor(int threads, int registers, int shared, int onA100, int onH100)
    {
        Assert.Equal(onA100, MultiprocessorLimits.Of("sm_80").BlocksOf(threads, registers, shared));
        Assert.Equal(onH100, MultiprocessorLimits.Of("sm_90a").BlocksOf(threads, registers, shared));
    }

    [Fact]
    public void A_folder_without_the_tools_is_none()
    {
        Assert.Null(CudaTools.At(null));
        Assert.Null(CudaTools.At(TestData.TemporaryFolder()));
        var toolkit = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(toolkit, "bin")).FullName, "ptxas"), "");
        Assert.Equal(toolkit, CudaTools.At(toolkit)!.Folder);
    }

    [Fact]
    public void Local_memory_does_not_go_unnoticed()
    {
        var (report, listing) = CudaCheckers.Tools.Assemble("local_array.ptx", LocalArray, "sm_80");

        Assert.Equal(256, Assert.Single(AssemblyReport.Parse(report)).StackBytes);
        Assert.True(Assert.Single(SassListing.Parse(listing)).Whole.Local >= 2);
    }

    /// <summary>What follows from the launches alone, without the tools.</summary>
    [Fact]
    public void The_committed_page_has_the_work_of_these_launches()
    {
        const string Work = "## Work, and time at the roof";
        var page = File.ReadAllText(Path.Combine(TestData.Repository, "benchmarks", "results", "static.md"));
        Assert.Equal(StaticReport.Page([], "").Split(Work)[1].Split('\n'), page.Split(Work)[1].Split('\n'));
    }

    [Fact]
    public void The_table_has_a_row_for_each_kernel_and_target()
    {
        var tools = CudaCheckers.Tools;
        if (KernelImages.Resource("sums.sm_80.ptx") == null)
            Assert.Skip("no PTX is embedded: CMake and clang 19 or newer make it");
        string[] kernels = [.. KernelTable.Rows.Where(row => row.File == "sums").Select(row => row.Name).Order(StringComparer.Ordinal)];

        var page = StaticReport.Page([.. KernelFigures.TargetsOf("sums.sm_80.ptx").SelectMany(gpu => CudaCheckers.Figures("sums.sm_80.ptx", gpu).Kernels)], tools.Version);

        var rows = page.Split("## ")[0].Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..3]).Skip(1).ToArray();
        Assert.Equal([.. kernels.Select(kernel => (kernel, "sm_80")), .. kernels.Select(kernel => (kernel, "sm_90"))], rows.Where(row => !row[0].StartsWith('-') && !row[0].StartsWith(':')).Select(row => (row[0], row[1])));
    }
}
