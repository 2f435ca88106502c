using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Tensors;
using Emergence.Lab.Benchmarks;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>What a plan says against what a device does.</summary>
public sealed class CudaPlanTests
{
    private static readonly int[] s_widths = [128, 96, 48, 24, 12, 6, 3, 1];

    /// <summary>A step in a queue: the same kernels in the same order.</summary>
    [Theory]
    [InlineData(DType.BFloat16, false)]
    [InlineData(DType.BFloat16, true)]
    [InlineData(DType.Float32, false)]
    [InlineData(DType.Float32, true)]
    public void A_step_launches_what_was_planned(DType arithmetic, bool warpgroups)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels, null, arithmetic, warpgroups);
        using var plan = device.Plan();
        var planned = Launches(plan.Device, work => [.. plan.LaunchesOf(work).Select(launch => (launch.Kernel, 0.0))]);
        Assert.Equal(Launches(device, device.Trace), planned);

        // More pairs than a tile of a sort, or than one part of the objective.
        string[] Launches(Device on, Func<Action, IReadOnlyList<(string Kernel, double)>> trace)
        {
            using var inputs = new BenchInputs(on, 1);
            var training = StepBench.Published(4_200, 16, s_widths).Prepare(inputs);
            return [.. trace(() => on.Train([training], 1)).Select(launch => launch.Kernel)];
        }
    }

    /// <summary>A bench has a row for each kernel of a step, with its work.</summary>
    [Theory]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float32)]
    public void A_bench_has_the_work_of_every_kernel(DType arithmetic)
    {
        const int Rows = 70;
        using var device = new CudaDevice(EmulatorFixture.Kernels, null, arithmetic);
        var run = new BenchRun(device, 1e-9, _ => { }, CancellationToken.None);
        run.Measure(StepBench.Published(Rows, 16, s_widths));
        Assert.Empty(run.Skipped);
        var rows = run.Rows.Where(row => row.Kind == "kernel").ToDictionary(row => row.Kernel);

        // Parameters, gradient and two moments are read, all but the gradient written; 16-byte pairs of indices.
        var parameters = (128 * 33) + (96 * 129) + (48 * 97) + (24 * 49) + (12 * 25) + (6 * 13) + (3 * 7) + 4;
        Assert.Equal(28.0 * parameters, rows["adam_scheduled"].Bytes);
        Assert.Equal(16.0 * Rows, rows["draw_shuffled"].Bytes);
        Assert.All(rows.Values, row => Assert.True(row.Bytes > 0, row.Kernel));
    }

    /// <summary>Every op at small sizes.</summary>
    [Theory]
    [InlineData(DType.Float32, false)]
    [InlineData(DType.Float32, true)]
    [InlineData(DType.BFloat16, false)]
    public void An_op_launches_what_was_planned(DType arithmetic, bool warpgroups)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels, null, arithmetic, warpgroups);
        foreach (var bench in OpBenches.All(DeviceScale.Tiny))
        {
            using var plan = device.Plan();
            using BenchInputs inputs = new(device, 1), planned = new(plan.Device, 1);
            var launched = device.Trace(bench.Prepare(inputs)).Select(launch => launch.Kernel);
            Assert.Equal(launched, plan.LaunchesOf(bench.Prepare(planned)).Select(launch => launch.Kernel));
        }
    }

    /// <summary>300 and 200 rows of 16 columns through 128, 700 pairs through 128-96 and the tail 96-1.</summary>
    [Fact]
    public void Work_of_a_forward_pass_by_kernel()
    {
        using var plan = CudaDevice.Plan(GpuTraits.A100, DType.BFloat16);
        var device = plan.Device;
        using var critic = device.CreateCritic(new(16, 16, 128, 96, 1), 300, 200, 700);
        using Tensor x = device.Allocate(300, 16), y = device.Allocate(200, 16);
        using Tensor parameters = device.Allocate(1, critic.Shape.ParameterCount);
        using Tensor a = device.AllocateIndices(new int[700]), b = device.AllocateIndices(new int[700]);
        var work = plan.LaunchesOf(() => critic.Forward(parameters, x, y, a, b)).ToLookup(launch => launch.Kernel, launch => launch.Work);

        // The bias of 96 in single precision too.
        var product = Assert.Single(work["product_nt_96"]);
        Assert.Equal(
            (2.0 * ((700 * 128) + (96 * 128) + (700 * 96)) + (4 * 96), 2.0 * 700 * 128 * 96), (product.Bytes, product.TensorFlops));
        Assert.Equal(2.0 * 500 * 128 * 16, work["product_nt_128"].Sum(launch => launch.TensorFlops));
        Assert.Equal((2.0 * (700 + 500) * 128) + (8 * 700), work["add_pairs_bf16"].Sum(launch => launch.Bytes));
    }

    /// <summary>
    /// Chains of 3 rows see 1 + 2 + 3, with a window of two 1 + 2 + 2; a score and a weighted sum for each, over 4 heads of 8.
    /// </summary>
    [Theory]
    [InlineData(0, 6)]
    [InlineData(2, 5)]
    public void Attention_has_the_work_of_its_forest(int window, int seen)
    {
        using var plan = CudaDevice.Plan(GpuTraits.H100);
        using Tensor x = plan.Device.Allocate(6, 32), y = plan.Device.Allocate(6, 32);
        using Tensor parents = plan.Device.AllocateIndices([-1, 0, 1, -1, 3, 4]);
        var heads = new HeadLayout(4, 8, 8);
        var launch = Assert.Single(plan.LaunchesOf(() => plan.Device.Attention(x, x, x, parents, y, new(heads, heads, 1, window))));
        Assert.Equal(2 * seen * 2 * 2 * 32.0, launch.Work.Flops);
    }

    [Fact]
    public void What_is_freed_is_not_counted()
    {
        using var plan = CudaDevice.Plan(GpuTraits.A100);
        var before = plan.Bytes;
        var most = plan.MostBytesOf(() =>
        {
            using (plan.Device.Allocate(10, 10))
            {
            }

            using var second = plan.Device.Allocate(5, 10);
        });
        Assert.Equal((400, before), (most, plan.Bytes));
    }

    /// <summary>A host's critic is counted as it is made, and nothing of it is there.</summary>
    [Theory]
    [InlineData("cpu")]
    [InlineData("reference")]
    public void A_plan_of_a_host_counts_and_computes_nothing(string name)
    {
        using var device = DeviceTable.Create(name, new());
        using var plan = device.Plan();
        var shape = new Emergence.Devices.Critics.CriticShape(5, 4, 6, 3, 1);
        var bytes = plan.MostBytesOf(() =>
        {
            using var critic = plan.Device.CreateCritic(shape, 10_000_000, 10_000_000, 100_000_000);
            using Tensor x = plan.Device.Allocate(2, 5), y = plan.Device.Allocate(2, 4);
            using Tensor parameters = plan.Device.Allocate(1, shape.ParameterCount);
            using var pairs = plan.Device.AllocateIndices([0, 1]);
            critic.Forward(parameters, x, y, pairs, pairs);
            critic.Backward(parameters, x, y, pairs, pairs, parameters);
        });

        // Two sides of 6, and of a pair at least the layer of 3, its score and the gradient by it.
        Assert.InRange(bytes, ((2 * 10_000_000L * 6) + (100_000_000L * 5)) * device.ComputeType.Size(), 50_000_000_000);
        Assert.Empty(plan.LaunchesOf(() => plan.Device.SoftCap(plan.Device.Allocate(3, 3), 1)));
    }
}
