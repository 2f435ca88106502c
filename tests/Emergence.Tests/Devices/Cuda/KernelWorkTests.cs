using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Listings;
using Emergence.Devices.Tensors;
using Emergence.Lab.Benchmarks;
using Emergence.Lab.Reports;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>What kernels have to do, against the published step counted by hand: 2,831 GFLOP with the first layer split.</summary>
public sealed class KernelWorkTests
{
    private const double Giga = 1e9;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_step_has_the_work_of_the_published_one(bool warpgroups)
    {
        var step = StepWork.Published(warpgroups).Launches;
        double[] products = [.. step.Where(launch => launch.TensorFlops > 0).Select(launch => launch.TensorFlops / Giga)];

        // Zx and Zy; layers 2, 3 and on; by weights and by inputs from the last wide layer down; the first layer's weights.
        double[] expected = [354, 354, 354, 88.5, 22.1, 5.5];
        Assert.All(expected.Zip(products), pair => Assert.InRange(pair.Second, 0.99 * pair.First, 1.01 * pair.First));
        Assert.InRange(products[^1] + products[^2], 707, 709);

        // 1,533 weights of the tail are gone through once more on the way back.
        Assert.Equal(2_831, step.Sum(launch => launch.TensorFlops + launch.Flops) / Giga - (2 * 600_000.0 * 1_533 / Giga), 1.0);
        Assert.Equal(2_831, SingleStepWork.Published(warpgroups).Launches.Sum(launch => launch.Flops + (launch.TensorFlops / 6)) / Giga, 1.0);
        Assert.Equal(warpgroups, step.Any(launch => launch.Kernel.File == "product_sm90"));
    }

    [Fact]
    public void The_roof_is_the_slower_of_bytes_and_arithmetic()
    {
        var roof = new GpuRoof("x", 1e12, 100e12, 10e12);
        Assert.Equal(2e-3, roof.SecondsOf(new(KernelTable.Adam, 2e9, TensorFlops: 1e11)), 1e-12);
        Assert.Equal(3e-3, roof.SecondsOf(new(KernelTable.Adam, 2e9, TensorFlops: 1e11, Flops: 2e10)), 1e-12);
    }

    /// <summary>A kernel arrives with its work.</summary>
    [Fact]
    public void Every_kernel_has_work()
    {
        var known = PassWork.All(false).Concat(PassWork.All(true)).SelectMany(pass => pass.Launches).Select(launch => launch.Kernel).ToHashSet();
        string[] unused = ["product_nn_64", "product_nt_64", "product_tn_64", "product_nn_96", "product_nt_96", "product_tn_96", "product_nn_128", "product_nt_128", "product_tn_128"];
        Assert.DoesNotContain(KernelTable.Rows.Except(known), row => !unused.Contains(row.Name) && !row.Name.Contains("product_sm90_", StringComparison.Ordinal));
        Assert.Equal(known.Select(kernel => kernel.Name).Order(), StaticReport.Work().Rows.Select(row => row[0].Words).Order());
    }

    /// <summary>300 and 200 rows of 16 columns through 128, 700 pairs through 128-96 and the tail 96-1.</summary>
    [Fact]
    public void Work_of_a_forward_pass_by_kernel()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels, null, DType.BFloat16);
        var work = device.KernelWork(new(16, 16, 128, 96, 1), 300, 200, 700, backward: false);

        Assert.Equal((2.0 * ((700 * 128) + (96 * 128) + (700 * 96)), 2.0 * 700 * 128 * 96), work["product_nt_96"]);
        Assert.Equal(2.0 * 500 * 128 * 16, work["product_nt_128"].Flops);
        Assert.Equal((2.0 * (700 + 500) * 128) + (8 * 700), work["add_pairs_bf16"].Bytes);
    }

    /// <summary>The lists name what a step in a queue launches, as the emulator sees it, and a bench has a row for each of them.</summary>
    [Theory]
    [InlineData(DType.BFloat16, false)]
    [InlineData(DType.BFloat16, true)]
    [InlineData(DType.Float32, false)]
    [InlineData(DType.Float32, true)]
    public void A_step_launches_what_the_lists_name(DType arithmetic, bool warpgroups)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels, null, arithmetic, warpgroups);
        var run = new BenchRun(device, 1e-9, _ => { }, CancellationToken.None);
        var step = StepBench.Published(4_200, 16, [128, 96, 48, 24, 12, 6, 3, 1]);

        run.Measure(step);

        Assert.Empty(run.Skipped);
        var rows = run.Rows.Where(row => row.Kind == "kernel" && row.Op == step.Name).ToDictionary(row => row.Kernel);
        var pass = arithmetic == DType.BFloat16 ? StepWork.Published(warpgroups) : SingleStepWork.Published(warpgroups);
        Assert.Equal(pass.Launches.Select(launch => OfAnyWidth(launch.Kernel.Name)).Distinct().Order(), rows.Keys.Select(OfAnyWidth).Distinct().Order());

        // Parameters, gradient and two moments are read, all but the gradient written; 16-byte pairs of indices.
        var parameters = (128 * 33) + (96 * 129) + (48 * 97) + (24 * 49) + (12 * 25) + (6 * 13) + (3 * 7) + 4;
        Assert.Equal(28.0 * parameters, rows["adam_scheduled"].Bytes);
        Assert.True(rows["end_step"].Bytes > 0);
        Assert.Equal(16.0 * 4_200, rows["draw_shuffled"].Bytes);
        Assert.All(rows.Values, row => Assert.True(row.Bytes > 0, row.Kernel));

        // product_nt_96 and product_nt_128 are one.
        static string OfAnyWidth(string kernel) => kernel.Contains("product_", StringComparison.Ordinal) ? kernel[..kernel.LastIndexOf('_')] : kernel;
    }
}
