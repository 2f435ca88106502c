using Emergence.Devices;
using Emergence.Devices.Cpu;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information.Canonical;

public class CanonicalEstimationTests
{
    /// <summary>The preset with few drawn pairs and steps.</summary>
    private static readonly CriticPreset s_preset = CriticPreset.Canonical
        with { Pairs = 300, PairsAtScale = 300, StepLimit = 100, HeldOutPairs = 2_000 };

    /// <summary>Collisions on both sides, uneven weights, dependent and independent sides, few drawn pairs, both starts: never above, at
    /// any step.</summary>
    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void Is_never_above_the_information_of_the_data(string name)
    {
        using var device = Cells.Open(name);
        var random = new RandomSequence(5, 0, RandomStream.Samplers);
        var requests = new List<EstimationRequest>();
        for (var cell = 0u; cell < 6; cell++)
        {
            var joint = RandomCell(random, cell);
            foreach (var pairs in new[] { 5, 300 })
            {
                requests.Add(Cells.Request(
                    "s-mine", joint, s_preset with { Pairs = pairs, StepLimit = 50, Rate = LearningRate.Constant(0.03) }, cell: cell));
                requests.Add(Cells.Request(
                    "s-mine", joint, Cells.Sampling with { Pairs = pairs, StepLimit = 50, Rate = LearningRate.Constant(0.1) }, cell: cell));
            }
        }

        Assert.All(Cells.Estimate(device, 4, [.. requests]), result =>
        {
            Assert.Equal((0, 0), (result.StepsAboveCeiling, (int)result.NonFinite));
            Assert.All(result.Curve, bits => Assert.True(bits <= result.ExactBits + 1e-4, $"{bits} of {result.ExactBits}"));
            Assert.True(result.HeldOutBits <= result.ExactBits + 1e-4);
        });
    }

    /// <summary>A map that is no line between sides of 60 classes, 25 that share 5, two classes, one column of 2e4.</summary>
    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void Reaches_the_exact_value_in_few_steps(string name)
    {
        using var device = Cells.Open(name);
        var ones = Enumerable.Repeat(1.0, 25).ToArray();
        var merged = new JointClasses(new(Cells.Gather(Cells.Vectors(5, 16, 5), 16, Enumerable.Range(0, 25).Select(k => k % 5)), 16, ones),
            new(Cells.Vectors(25, 16, 6), 16, ones), isEnumeration: true);
        var large = Cells.Vectors(60, 8, 1);
        for (var k = 0; k < 60; k++)
            large[k * 8] += 20_000;
        double[] uneven = [.. Enumerable.Range(0, 60).Select(k => (double)(1 + k % 5))];
        var two = new JointClasses(new([1, 2, 1, 2], 1, [1, 1, 1, 1]), new([5, 0, 7, 0, 5, 0, 7, 0], 2, [1, 1, 1, 1]), isEnumeration: true);
        foreach (var joint in new[] { Cells.Bijection(60, 80), merged, two,
            new(new(large, 8, uneven), new([.. large.Select(MathF.Tanh)], 8, uneven), isEnumeration: true) })
        {
            var result = Cells.Estimate(device, Cells.Request("s-mine", joint, s_preset with { StepLimit = 600, Pairs = 4_000 }));
            Assert.InRange(result.MiBits, result.ExactBits - 0.02, result.ExactBits + 1e-4);
            Assert.Equal((Verdict.Ok, 0), (result.Verdict, result.StepsAboveCeiling));
            Assert.NotNull(result.Canonical);
            Assert.Equal(result.MiBits, result.Curve.TakeLast(Math.Clamp(result.Curve.Count / 2, 5, 10)).Average(), 1e-12);
        }
    }

    [Fact]
    public void Of_a_constant_side_is_nothing()
    {
        using var device = Cells.Open("reference");
        var joint = new JointClasses(new([1, 1, 1], 1, [1, 1, 1]), new([1, 2, 3], 1, [1, 1, 1]), isEnumeration: true);
        Assert.Equal(0, Cells.Estimate(device, Cells.Request("s-mine", joint, CriticPreset.Canonical)).MiBits);
    }

    /// <summary>One thread and two, every path, alone and beside others that are judged at other steps.</summary>
    [Fact]
    public void Is_the_same_bytes_however_it_is_computed()
    {
        var joint = Cells.Mixed([.. Enumerable.Range(0, 200)]);
        var preset = s_preset with { Pairs = 260 };
        string? expected = null;
        foreach (var path in CpuDevice.Paths)
        {
            foreach (var threads in new[] { 1, 2 })
            {
                using var device = DeviceTable.Create("cpu", new(threads) { CpuPath = path });
                var alone = Cells.Bytes(
                    Cells.Estimate(device, Cells.Request("s-mine", Cells.Mixed([.. Enumerable.Range(0, 200)]), preset, seed: 3)));
                var beside = Cells.Estimate(device, 3, Cells.Request("s-mine", joint, Cells.Sampling),
                    Cells.Request("s-mine", joint, preset), Cells.Request("s-mine", joint, preset, seed: 3));
                Assert.Equal(expected ??= alone, alone);
                Assert.Equal(expected, Cells.Bytes(beside[2]));
                Assert.NotEqual(expected, Cells.Bytes(beside[1]));
            }
        }
    }

    /// <summary>Of 600 classes in 64 columns that correspond by no line a distance knows nothing, and what lies near by it is chance:
    /// training finds nearly all by itself. With near pairs and a rate that falls wherever draws differ a cell like this ended at 8.5 bits;
    /// within 0.01 it is at the ceiling, and processors may differ in when they get there.</summary>
    [Fact]
    public void Sides_that_correspond_by_no_line_are_learnt()
    {
        using var device = Cells.Open("cpu");
        var result = Cells.Estimate(device, Cells.Request("s-mine", Cells.Bijection(600, 64), CriticPreset.Canonical));
        Assert.True(result.Canonical!.StartBits < result.ExactBits / 2);
        Assert.InRange(result.MiBits, result.ExactBits - 0.03, result.ExactBits);
    }

    /// <summary>At a rate that throws away what the start has, training goes back, on at a lower one, and does not end under it.</summary>
    [Fact]
    public void Goes_back_where_training_falls_under_its_start()
    {
        using var device = Cells.Open("cpu");
        var preset = s_preset with { Rate = LearningRate.Constant(1), StepLimit = 500 };
        var result = Cells.Estimate(
            device, Cells.Request("s-mine", RandomCell(new RandomSequence(8, 0, RandomStream.Samplers), 1), preset));
        Assert.True(result.Canonical!.BackOffs > 0);
        Assert.True(result.MiBits > result.Canonical.StartBits - 0.03, $"{result.MiBits} from {result.Canonical.StartBits}");
    }

    [Fact]
    public void Is_not_for_the_published_estimator() =>
        Assert.Equal(ExitCode.Usage,
            Assert.Throws<EmergenceException>(() => CriticPreset.Find("canonical", EstimatorTable.Find("paper"), isLarge: false)).ExitCode);

    /// <summary>Weights of the linear term face finite differences, on pairs with one weight, both and none.</summary>
    [Fact]
    public void The_linear_terms_gradient_faces_finite_differences()
    {
        using var device = Cells.Open("reference");
        using var inputs = new DeviceInputs(device);
        var joint = Cells.Bijection(12, 5);
        var request = Cells.Request("s-mine", joint, s_preset with { Widths = [6, 3, 1], Pairs = 40 });
        var (x, y) = (inputs.Standardised(joint.X), inputs.Standardised(joint.Y));
        var initial = CriticInitialization.Xavier(SupportMine.Shape(request, x, y), 1, 1);
        var linear = new LinearTerm(device, inputs.Whitened(joint.X), inputs.Whitened(joint.Y)) { Rate = _ => 0 };
        using var training = SupportMine.CreateTraining(request, device, x, y, initial, linear, _ => 0);
        var weights = Cells.Vectors(1, linear.Parameters.Columns, 7).Select(weight => 0.2 * weight).ToArray();
        Bits(weights);
        var gradient = new double[weights.Length];
        device.Download(linear.Gradient, gradient);
        for (var i = 0; i < weights.Length; i++)
        {
            var moved = (double[])weights.Clone();
            moved[i] += 1e-5;
            var above = Bits(moved);
            moved[i] -= 2e-5;
            Assert.Equal(-(above - Bits(moved)) / 2e-5, gradient[i], 1e-7);
        }

        // A fresh training draws the same pairs at its first step.
        double Bits(double[] at)
        {
            device.Upload(at, linear.Parameters);
            device.DrawPairs(training.Source, 1, 1, 0, training.A.RowRange(training.FixedPairs, training.Source.Count),
                training.B.RowRange(training.FixedPairs, training.Source.Count));
            training.Score(device, training.Critic, training.A, training.B);
            var value = device.DonskerVaradhan(training.Critic.Scores, training.Joint, training.Marginal, training.Critic.ScoreGradients);
            linear.Backward(device, training.Critic.ScoreGradients, training.A, training.B);
            return value.Bits;
        }
    }

    /// <summary>Rows of up to 12 vectors a side with weights from 1 to 9, some dependent.</summary>
    private static JointClasses RandomCell(RandomSequence random, uint cell)
    {
        const int Columns = 7;
        var (rows, sizeX, sizeY) = (20 + random.NextInt(40), 2 + random.NextInt(30), 2 + random.NextInt(30));
        var drawn = Enumerable.Range(0, rows).Select(_ => random.NextInt(sizeX))
            .Select(k => (X: k, Y: random.NextInt(2) == 0 ? random.NextInt(sizeY) : k % sizeY)).ToArray();
        double[] weights = [.. drawn.Select(_ => (double)(1 + random.NextInt(9)))];
        var x = Cells.Gather(Cells.Vectors(sizeX, Columns, 40 + cell), Columns, drawn.Select(row => row.X));
        var y = Cells.Gather(Cells.Vectors(sizeY, Columns, 60 + cell), Columns, drawn.Select(row => row.Y));
        return new(new(x, Columns, weights), new(y, Columns, weights), isEnumeration: true);
    }
}
