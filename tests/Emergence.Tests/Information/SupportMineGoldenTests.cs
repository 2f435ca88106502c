using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda;
using Emergence.Devices.Reference;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Tests.Devices;
using Emergence.Tests.Devices.Cuda;

namespace Emergence.Tests.Information;

/// <summary>
/// The way from rows to trained weights, in double precision, against float64 automatic differentiation. The initial
/// weights and inputs are the same but for the order of classes, so only the order of sums differs.
/// </summary>
public class SupportMineGoldenTests
{
    [Theory]
    [MemberData(nameof(GoldenMine.Names), MemberType = typeof(GoldenMine))]
    public void Values_and_weights_of_six_steps(string name)
    {
        using var golden = new GoldenMine(name);
        using var device = new ReferenceDevice();
        using var inputs = new DeviceInputs(device);
        using var training = HasDraws(name) ? Replay(golden, device, inputs) : Ours(golden, device, inputs);
        device.Train([training], golden.Steps);

        var expected = golden.Doubles("info_bits");
        for (var step = 0; step < golden.Steps; step++)
        {
            Assert.Equal(expected[step], training.Values[step].Bits, 1e-12);
            Assert.True(training.Values[step].Bits <= golden.Joint.Bits);
        }

        var last = training.Shape.Layers - 1;
        for (var layer = 0; layer <= last; layer++)
        {
            Compare(golden.Doubles($"final.{layer}.weight"), golden.Singles($"init.{layer}.weight"),
                Values(device, training.Shape.Weight(training.Parameters, layer)));
            if (layer < last) // the true gradient of the last bias is 0, so Adam amplifies rounding
                Compare(golden.Doubles($"final.{layer}.bias"), golden.Singles($"init.{layer}.bias"),
                    Values(device, training.Shape.Bias(training.Parameters, layer)));
        }
    }

    /// <summary>The steps a device takes by itself, in single precision: values within 2e-6 bits, as op by op.</summary>
    [Theory]
    [MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Values_of_six_steps_in_single_precision(string device)
    {
        foreach (var name in new[] { "allpairs", "sampled", "colliding", "wide" })
            CheckValues(TestDevices.Get(device), name);
    }

    /// <summary>As a Hopper GPU computes them: products of bf16 parts where they fill its tiles.</summary>
    [Fact]
    public void Values_of_six_steps_by_warpgroups()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels, warpgroups: true);
        var launched = device.Trace(() => CheckValues(device, "wide")).Select(launch => launch.Kernel).ToHashSet();
        Assert.Superset(new HashSet<string> { "product_sm90_nt_128", "product_sm90_nn_128", "product_sm90_tn_128" }, launched);
    }

    private static void CheckValues(Device device, string name)
    {
        using var golden = new GoldenMine(name);
        using var inputs = new DeviceInputs(device);
        using var training = HasDraws(name) ? Replay(golden, device, inputs) : Ours(golden, device, inputs);
        device.Train([training], golden.Steps);
        Assert.Equal(golden.Doubles("info_bits"), training.Values.Select(value => value.Bits), (expected, found) =>
            Math.Abs(expected - found) <= 2e-6);
    }

    /// <summary>Whether the golden pairs off the support were drawn anew for each step.</summary>
    private static bool HasDraws(string name) => name is "sampled" or "wide";

    private static EstimationRequest Request(GoldenMine golden) => new(
        EstimatorTable.Find("s-mine"),
        golden.Joint,
        CriticPreset.Small with { Widths = golden.Widths, Rate = LearningRate.Constant(1e-3) },
        Seed: 7,
        Cell: 0);

    private static CriticTraining Ours(GoldenMine golden, Device device, DeviceInputs inputs) =>
        SupportMine.CreateTraining(Request(golden), device, inputs.Standardised(golden.X), inputs.Standardised(golden.Y), golden.Initial);

    /// <summary>The golden pairs in place of our own.</summary>
    private static CriticTraining Replay(GoldenMine golden, Device device, DeviceInputs inputs)
    {
        var joint = golden.Joint;
        var source = new ReplayedPairs(golden);
        var (x, y) = (inputs.Standardised(golden.X), inputs.Standardised(golden.Y));
        return new(
            device,
            new CriticShape(x.Columns, y.Columns, golden.Widths),
            x,
            y,
            [.. joint.Support.Select(pair => pair.A)],
            [.. joint.Support.Select(pair => pair.B)],
            [.. joint.Support.Select(pair => pair.Joint), .. new double[source.Count]],
            [.. joint.Support.Select(pair => pair.Product), .. Enumerable.Repeat((1 - joint.SupportProduct) / source.Count, source.Count)],
            source,
            golden.Initial)
        { Rate = _ => 1e-3 };
    }

    private static double[] Values(Device device, Emergence.Devices.Tensors.Tensor tensor)
    {
        var values = new double[tensor.Count];
        device.Download(tensor, values);
        return values;
    }

    /// <summary>What the steps changed, relative to the norm of the change: 1e-9.</summary>
    private static void Compare(double[] expected, float[] initial, double[] found)
    {
        var (error, change) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            error += Math.Pow(expected[i] - found[i], 2);
            change += Math.Pow(expected[i] - initial[i], 2);
        }

        Assert.True(change > 0 && Math.Sqrt(error / change) < 1e-9, $"relative error {Math.Sqrt(error / change)}");
    }

    private sealed class ReplayedPairs(GoldenMine golden) : PairSource
    {
        private readonly int[] _pairs = golden.Integers("off_pairs");

        public override int Count => _pairs.Length / golden.Steps / 2;

        public override void Draw(ulong seed, uint cell, int step, Span<int> a, Span<int> b)
        {
            for (var i = 0; i < Count; i++)
                (a[i], b[i]) = (golden.ClassX[_pairs[2 * (step * Count + i)]], golden.ClassY[_pairs[2 * (step * Count + i) + 1]]);
        }
    }
}
