using Emergence.Devices.Critics;
using Emergence.Devices.Reference;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information;

public class SupportMineTests
{
    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void Reaches_the_exact_value_of_a_bijection(string name)
    {
        using var device = Cells.Open(name);
        var result = Cells.Estimate(device, Cells.Request("s-mine", Cells.Bijection(25, 16),
            Cells.Sampling with { Pairs = 600, Rate = LearningRate.Constant(5e-3), StepLimit = 1000 }));
        Assert.Equal(Math.Log2(25), result.ExactBits, 1e-12);
        Assert.InRange(result.MiBits, result.ExactBits - 0.02, result.ExactBits + 1e-4);
        Assert.Equal((0, StopReason.Ceiling, Verdict.Ok), (result.StepsAboveCeiling, result.StoppedBy, result.Verdict));
        Assert.Equal((25, 25, 25, 0, 0), (result.K, result.KX, result.KY, result.CollisionsX, result.CollisionsY));
        Assert.Equal(0, result.Steps % 50);
        Assert.InRange(result.HeldOutGapBits, -0.05, 0.05);
        Assert.Equal(result.MiBits, result.Curve.TakeLast(50).Average(), 1e-12);
    }

    /// <summary>A critic that does not move is level after its first two windows of 200 steps.</summary>
    [Theory]
    [InlineData(false, 400)]
    [InlineData(true, 600)]
    public void A_level_curve_ends_the_training_unless_it_is_to_go_on(bool goesOn, int steps)
    {
        using var device = Cells.Open("reference");
        var preset = Cells.Sampling with { Pairs = 600, Rate = LearningRate.Constant(1e-12), StepLimit = 600, GoesOnWhenLevel = goesOn };
        var result = Cells.Estimate(device, Cells.Request("s-mine", Cells.Bijection(25, 4), preset));
        Assert.Equal((steps, StopReason.Level), (result.Steps, result.StoppedBy));
    }

    /// <summary>25 vectors that share 5: log2 5, whatever the critic sees on the left.</summary>
    [Fact]
    public void Reaches_the_exact_value_where_classes_merge()
    {
        var weights = Enumerable.Repeat(1.0, 25).ToArray();
        var x = new RowClasses(Cells.Gather(Cells.Vectors(5, 16, 5), 16, Enumerable.Range(0, 25).Select(k => k % 5)), 16, weights);
        var y = new RowClasses(Cells.Vectors(25, 16, 6), 16, weights);
        using var device = Cells.Open("reference");
        var result = Cells.Estimate(device, Cells.Request("s-mine", new(x, y, isEnumeration: true),
            Cells.Sampling with { Rate = LearningRate.Constant(5e-3), StepLimit = 1000 }));
        Assert.Equal(Math.Log2(5), result.ExactBits, 1e-12);
        Assert.InRange(result.MiBits, result.ExactBits - 0.02, result.ExactBits + 1e-4);
        Assert.Equal((5, 25, 20, 0), (result.KX, result.KY, result.CollisionsX, result.CollisionsY));
    }

    /// <summary>Drawn pairs, dependent and independent data, high rates: never above, at any step.</summary>
    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void Is_never_above_the_information_of_the_data(string name)
    {
        using var device = Cells.Open(name);
        var order = Enumerable.Range(0, 200).ToArray();
        var results = Cells.Estimate(
            device,
            4,
            Cells.Request("s-mine", Cells.Mixed(order), Cells.Sampling with { Rate = LearningRate.Constant(0.03) }),
            Cells.Request("s-mine", Cells.Mixed(order), Cells.Sampling with { Pairs = 5, Rate = LearningRate.Constant(0.1) }),
            Cells.Request("s-mine", Cells.Bijection(60, 8), Cells.Sampling with { Rate = LearningRate.Constant(0.03) }),
            Cells.Request("s-mine", Cells.Bijection(60, 8), Cells.Sampling with { Pairs = 5, Rate = LearningRate.Constant(0.1) }));
        Assert.All(results, result =>
        {
            Assert.True(result.Curve.Count >= 50);
            Assert.All(result.Curve, bits => Assert.True(bits <= result.ExactBits + 1e-4));
            Assert.True(result.MaxBits > 0.2 * result.ExactBits, "the critic should have learned something");
        });
    }

    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void Order_of_rows_does_not_change_a_bit(string name)
    {
        using var device = Cells.Open(name);
        int[] order = [.. Enumerable.Range(0, 200)];
        var first = Cells.Estimate(device, Cells.Request("s-mine", Cells.Mixed(order), Cells.Sampling));
        Array.Reverse(order);
        (order[3], order[77]) = (order[77], order[3]);
        Assert.Equal(Cells.Bytes(first), Cells.Bytes(Cells.Estimate(device, Cells.Request("s-mine", Cells.Mixed(order), Cells.Sampling))));
    }

    [Fact]
    public void Rows_three_times_over_change_nothing()
    {
        using var device = Cells.Open("reference");
        var (x, y) = (Cells.Vectors(40, 5, 7), Cells.Vectors(40, 5, 8));
        double[] once = [.. Enumerable.Range(1, 40).Select(k => (double)k)];
        var thrice = Enumerable.Range(0, 120).Select(i => i % 40).ToArray();
        double[] weights = [.. thrice.Select(k => once[k])];
        var a = new JointClasses(new(x, 5, once), new(y, 5, once), isEnumeration: true);
        var b = new JointClasses(new(Cells.Gather(x, 5, thrice), 5, weights), new(Cells.Gather(y, 5, thrice), 5, weights),
            isEnumeration: true);
        Assert.Equal(Cells.Bytes(Cells.Estimate(device, Cells.Request("s-mine", a, Cells.Sampling))),
            Cells.Bytes(Cells.Estimate(device, Cells.Request("s-mine", b, Cells.Sampling))));
    }

    /// <summary>T of single precision near 300 is exact to 3e-5, and both terms of V round that way: 1e-4.</summary>
    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void A_constant_added_to_T_changes_nothing(string name)
    {
        using var device = Cells.Open(name);
        using var inputs = new DeviceInputs(device);
        var request = Cells.Request("s-mine", Cells.Bijection(60, 8), Cells.Sampling);
        var (x, y) = (inputs.Standardised(request.Joint.X), inputs.Standardised(request.Joint.Y));
        double First(float shift)
        {
            var initial = CriticInitialization.Xavier(new(x.Columns, y.Columns, [.. request.Preset.Widths]), 1, 1);
            initial[^1] = shift;
            using var training = SupportMine.CreateTraining(request, device, x, y, initial);
            device.Train([training], 1);
            Assert.Equal(0, training.Values[0].NonFinite);
            return training.Values[0].Bits;
        }

        Assert.Equal(First(0), First(300), 1e-4);
        Assert.Equal(First(0), First(-300), 1e-4);
    }

    /// <summary>Many drawn pairs give what all pairs give: e^T of a fresh critic is of order 1, so 1e5 pairs leave a few 1e-3.</summary>
    [Fact]
    public void All_pairs_are_the_limit_of_drawn_ones()
    {
        using var device = Cells.Open("cpu");
        var joint = Cells.Bijection(400, 8);
        double First(int pairs) =>
            Cells.Estimate(device, Cells.Request(
            "s-mine", joint, Cells.Sampling with { Pairs = pairs, StepLimit = 50, Rate = LearningRate.Constant(0) })).Curve[0];
        var (all, drawn) = (First(400 * 399), First(100_000));
        Assert.NotEqual(all, drawn);
        Assert.Equal(all, drawn, 0.02);
    }

    /// <summary>The counter against the loops of the reference device: three steps of s-mine and of the published protocol.</summary>
    [Theory]
    [InlineData("s-mine")]
    [InlineData("paper")]
    public void The_cost_of_a_step_is_what_the_reference_multiplies(string estimator)
    {
        using var device = new ReferenceDevice();
        using var inputs = new DeviceInputs(device);
        var joint = Cells.Bijection(50, 7, count: 3);
        var request = Cells.Request(estimator, joint, Cells.Sampling);
        using var estimation = request.Estimator.Start(request, device, inputs);
        var training = estimation.Training!;
        device.Train([training], 3);
        Assert.Equal(device.MultiplyAdds, 3 * training.Shape.StepMultiplyAdds(50, 50, training.A.Rows));
        Assert.Equal(estimator == "paper" ? 300 : 350, training.A.Rows); // 2 x 150 rows; 50 classes and 300 pairs off them
    }

    /// <summary>[x; y] of every pair in one layer: in x (dx + dy) x width, forward and for the weights.</summary>
    [Fact]
    public void A_concatenated_first_layer_costs_as_many_rows_as_there_are_pairs() =>
        Assert.Equal(2.0 * 100 * (5 + 3) * 4 + 3.0 * 100 * 4, new CriticShape(5, 3, 4, 1).ConcatenatedStepMultiplyAdds(100));

    [Fact]
    public void Split_first_layer_equals_the_concatenated_one()
    {
        using var device = Cells.Open("reference");
        using var inputs = new DeviceInputs(device);
        var request = Cells.Request("s-mine", Cells.Bijection(7, 5), Cells.Sampling with { Widths = [4, 1] });
        var (x, y) = (inputs.Standardised(request.Joint.X), inputs.Standardised(request.Joint.Y));
        var initial = CriticInitialization.Xavier(new(5, 5, 4, 1), 1, 1);
        using var training = SupportMine.CreateTraining(request, device, x, y, initial);
        device.Train([training], 1);
        var scores = new double[49];
        device.Download(training.Critic.Scores.RowRange(0, 49), scores);
        var (left, right) = (request.Joint.X.Standardise().Values, request.Joint.Y.Standardise().Values);
        for (var pair = 0; pair < 49; pair++)
        {
            double[] both = [.. left[(pair / 7 * 5)..(pair / 7 * 5 + 5)], .. right[(pair % 7 * 5)..(pair % 7 * 5 + 5)]];
            var score = 0.0;
            for (var unit = 0; unit < 4; unit++)
            {
                var z = both.Select((value, column) => value * initial[unit * 10 + column]).Sum();
                score += initial[44 + unit] * (z > 0 ? z : 0.01 * z);
            }

            Assert.Equal(score, scores[pair], 1e-6 * Math.Max(1, Math.Abs(score)));
        }
    }

    [Fact]
    public void A_constant_side_is_zero_without_training()
    {
        var weights = Enumerable.Repeat(1.0, 9).ToArray();
        var joint = new JointClasses(new(new float[18], 2, weights), new(Cells.Vectors(9, 2, 1), 2, weights), isEnumeration: true);
        using var device = Cells.Open("reference");
        var result = Cells.Estimate(device, Cells.Request("s-mine", joint));
        Assert.Equal((0.0, 0.0, 0, StopReason.None, Verdict.Ok),
            (result.MiBits, result.ExactBits, result.Steps, result.StoppedBy, result.Verdict));
    }

    /// <summary>Every pair occurs, so m = 0, and yet there is information: 1 - H(.2) bits.</summary>
    [Fact]
    public void A_full_support_is_trained()
    {
        var weights = new double[] { 4, 1, 1, 4 };
        var joint = new JointClasses(new([0, 0, 1, 1], 1, weights), new([0, 1, 0, 1], 1, weights), isEnumeration: true);
        using var device = Cells.Open("reference");
        var result = Cells.Estimate(device, Cells.Request("s-mine", joint));
        Assert.InRange(result.MiBits, 0.278072 - 0.02, 0.278072);
    }
}
