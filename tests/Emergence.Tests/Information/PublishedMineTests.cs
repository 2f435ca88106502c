using Emergence.Devices.Critics;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information;

public class PublishedMineTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 2e-5)]
    [InlineData(4, 8e-5)]
    [InlineData(5, 1e-4)]
    [InlineData(8001, 8.0992e-7)] // a fifth is left: 1e-8 + 9.999e-5 / 125
    [InlineData(10000, 1e-8)]
    public void Schedule_is_the_published_one(int step, double expected) =>
        Assert.Equal(expected, LearningRate.Published.At(step), 1e-15);

    [Fact]
    public void Preset_is_the_published_one()
    {
        Assert.Equal([768, 384, 192, 96, 48, 24, 12, 6, 3, 1], CriticPreset.Paper.Widths);
        Assert.Equal((10_000, 300_000), (CriticPreset.Paper.StepLimit, CriticPreset.Paper.Sequences));
        Assert.Equal((50_000, 300_000), (CriticPreset.Paper.PairsFor(99_999), CriticPreset.Paper.PairsFor(100_000)));
        Assert.Equal(
            "small: critic 64-32-16-1, 8192 pairs off the support (8192 from 100000 classes), Adam 1e-3 constant, at most 2000 steps",
            CriticPreset.Small.Identity);
    }

    [Fact]
    public void Reports_the_maximum_over_all_steps()
    {
        using var device = Cells.Open("reference");
        var result = Cells.Estimate(device, Cells.Request("paper", Cells.Bijection(20, 8, count: 4), Cells.Sampling));
        Assert.Equal((100, StopReason.Limit), (result.Steps, result.StoppedBy));
        Assert.Equal(result.Curve.Max(), result.MiBits);
        Assert.Equal(80 * 20 * (1 / 400.0), result.Mu, 1e-12);
        Assert.Equal(Verdict.Unreliable, result.Verdict); // mu = 4
        Assert.Equal(Math.Log2(80), result.Log2N, 1e-12);
    }

    /// <summary>
    /// Every step is the mean T of N rows with their partners against N shuffled ones: with a critic that stays, the value
    /// differs between steps by the shuffle alone, and its parts can be computed by hand.
    /// </summary>
    [Fact]
    public void Rows_repeat_and_the_shuffle_is_a_permutation_of_them()
    {
        var source = new ShuffledPairs([0, 0, 1, 2, 2, 2], [5, 5, 6, 7, 7, 7]);
        var (a, b) = (new int[6], new int[6]);
        source.Draw(1, 2, 3, a, b);
        Assert.Equal([0, 0, 1, 2, 2, 2], a);
        Assert.Equal([5, 5, 6, 7, 7, 7], b.Order());

        using var device = Cells.Open("reference");
        var weights = new double[] { 1, 2, 3, 4 };
        var joint = new JointClasses(new(Cells.Vectors(4, 3, 1), 3, weights), new(Cells.Vectors(4, 3, 2), 3, weights),
            isEnumeration: false);
        var request = Cells.Request("paper", joint, Cells.Sampling with { StepLimit = 50, Rate = LearningRate.Constant(0) });
        using var inputs = new DeviceInputs(device);
        using var estimation = request.Estimator.Start(request, device, inputs);
        var training = estimation.Training!;
        device.Train([training], 1);
        var scores = new double[20];
        device.Download(training.Critic.Scores.RowRange(0, 20), scores);
        var byHand = (scores[..10].Average() - Math.Log(scores[10..].Average(Math.Exp))) / Math.Log(2);
        Assert.Equal(byHand, training.Values[0].Bits, 1e-12);
        var expected = joint.Support.SelectMany(pair => Enumerable.Repeat(pair.A, (int)Math.Round(10 * pair.Joint)));
        var rows = new int[20];
        device.Download(training.A, System.Runtime.InteropServices.MemoryMarshal.AsBytes(rows.AsSpan()));
        Assert.Equal([.. expected, .. expected], rows);
    }

    [Fact]
    public void Reads_one_raw_slice()
    {
        var rows = Cells.Vectors(6, 1000, 1);
        var weights = Enumerable.Repeat(1.0, 6).ToArray();
        var side = new RowClasses(rows, 1000, weights);
        var joint = new JointClasses(side, side, isEnumeration: true);
        using var device = Cells.Open("reference");
        using var inputs = new DeviceInputs(device);
        var request = Cells.Request("paper", joint, Cells.Sampling);
        using (var first = request.Estimator.Start(request, device, inputs))
            Assert.Equal(768, first.Training!.X.Columns);
        using (var second = request.Estimator.Start(request with { Slice = 1 }, device, inputs))
        {
            Assert.Equal(232, second.Training!.Y.Columns);
            var value = new double[232];
            device.Download(second.Training.X.RowRange(side.ClassOfUnit[2], 1), value);
            Assert.Equal(rows[2 * 1000 + 768], value[0]);
        }

        Assert.Contains("choose a slice from 0 to 1", Assert.Throws<EmergenceException>(() =>
            request.Estimator.Start(request with { Slice = 2 }, device, inputs)).Message, StringComparison.Ordinal);
    }
}
