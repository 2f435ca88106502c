using System.Runtime.InteropServices;
using Emergence.Capture;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;

namespace Emergence.Tests.Information;

public sealed class ProtocolTraceTests
{
    private const int Classes = 25, Repeats = 8;

    /// <summary>200 rows, mu = 8: a training that is long enough for the critic to fit.</summary>
    private static MutualInformation Fitted(Device device) => Cells.Estimate(device, Cells.Request(
        "paper", Cells.Bijection(Classes, 16, isEnumeration: false, count: Repeats),
            CriticPreset.Small with { Widths = [32, 16, 1], StepLimit = 2_000, Rate = LearningRate.Constant(3e-3) }));

    [Fact]
    public void Coincidences_are_those_of_the_pairs_that_were_trained_on()
    {
        using var device = Cells.Open("reference");
        using var inputs = new DeviceInputs(device);
        var joint = Cells.Mixed([.. Enumerable.Range(0, 200)]);
        var request = Cells.Request("paper", joint, Cells.Sampling, seed: 3, cell: 5);
        using var estimation = request.Estimator.Start(request, device, inputs);
        var training = estimation.Training!;
        var support = joint.Support.Select(pair => (pair.A, pair.B)).ToHashSet();
        var counted = new List<int>();
        for (var step = 0; step < 4; step++)
        {
            device.Train([training], 1);
            var (a, b) = (new int[400], new int[400]);
            device.Download(training.A, MemoryMarshal.AsBytes(a.AsSpan()));
            device.Download(training.B, MemoryMarshal.AsBytes(b.AsSpan()));
            counted.Add(a[200..].Zip(b[200..]).Count(pair => support.Contains(pair)));
        }

        Assert.Equal(counted, ProtocolTrace.Coincidences(joint, (ShuffledPairs)training.Source, 3, 5, [0, 1, 2, 3]));
        Assert.True(counted.Distinct().Count() > 1);

        // mu is their mean; its standard error over 2,000 shuffles is below sqrt(200 / 2000).
        Assert.Equal(joint.Coincidences, ProtocolTrace.Coincidences(joint, (ShuffledPairs)training.Source, 3, 5,
            [.. Enumerable.Range(0, 2_000)]).Average(), 4 * Math.Sqrt(200 / 2000.0));
    }

    /// <summary>Theory: V = I + log2(mu / F) for a critic that has fitted the data.</summary>
    [Fact]
    public void A_fitted_critic_rises_with_minus_log2_F()
    {
        using var device = Cells.Open("cpu");
        var result = Fitted(device);
        var trace = result.Protocol!;
        Assert.InRange(trace.Slope, 0.8, 1.2);
        Assert.Equal(Repeats, trace.MeanCoincidences, 0.5);
        Assert.Equal((1_000, 1_000), (trace.FittedFrom, trace.FittedSteps));
        Assert.Equal(result.MiBits, result.Curve[trace.MaxStep]);
        Assert.True(trace.MaxStepCoincidences < Repeats / 2, "the largest of many steps is one with few coincidences");
        Assert.Equal((-1, 0, 16, 16), (trace.FirstOverflow, trace.OverflowSteps, trace.SliceColumns, trace.Columns));

        // Around F = mu a fitted critic reads the information itself.
        Assert.Equal(Math.Log2(Classes), trace.Bins.Single(bin => bin.Coincidences == Repeats).MeanBits, 0.3);
    }

    [Fact]
    public void The_parts_add_up_to_the_gap()
    {
        using var device = Cells.Open("cpu");
        var result = Fitted(device);
        var gap = new ProtocolGap(new Cell(CaptureKind.Macro, 0, 0, "paper", 1), result, result.Protocol!);
        Assert.Equal(result.MiBits - Math.Log2(Classes), gap.Bits, 1e-9);
        Assert.Equal(gap.Bits, gap.Maximum + gap.Coincidences + gap.Critic + gap.Slice, 1e-9);
        Assert.True(gap.Maximum > 0.5, "the smallest F of 2,000 shuffles is far below 8");
        Assert.Equal(0, gap.Slice, 1e-9);
        Assert.InRange(gap.Critic, -0.3, 1e-4);
    }

    /// <summary>T = 300 everywhere: e^300 is infinite in single precision, and V is 0.</summary>
    [Fact]
    public void Overflow_is_counted_where_single_precision_has_no_sum()
    {
        using var device = Cells.Open("reference");
        using var inputs = new DeviceInputs(device);
        var joint = Cells.Bijection(6, 4, isEnumeration: false);
        int[] rows = [.. Enumerable.Range(0, 6)];
        var (x, y) = (inputs.Slice(joint.X, 0, 4), inputs.Slice(joint.Y, 0, 4));
        var shape = new CriticShape(4, 4, 3, 1);
        double[] each = [.. Enumerable.Repeat(1 / 6.0, 6)], none = new double[6];
        ProtocolTrace Trace(float score)
        {
            var initial = new float[shape.ParameterCount];
            initial[^1] = score;
            using var training = new CriticTraining(device, shape, x, y, rows, rows, [.. each, .. none], [.. none, .. each],
                new ShuffledPairs(6), initial) { Rate = _ => 0, Seed = 1 };
            device.Train([training], 10);
            return ProtocolTrace.Of(joint, new ShuffledPairs(6), (0, 4), training);
        }

        Assert.Equal((10, 0), (Trace(300).OverflowSteps, Trace(300).FirstOverflow));
        Assert.Equal(10, Trace(88).OverflowSteps); // 6 e^88 > 3.4e38 > e^88
        Assert.Equal((0, -1), (Trace(86).OverflowSteps, Trace(86).FirstOverflow));
    }

    /// <summary>Column 800 tells 6 classes apart, the first 768 only 2 of them.</summary>
    [Fact]
    public void A_slice_holds_what_its_columns_tell()
    {
        const int Columns = 900;
        var rows = new float[6 * Columns];
        for (var k = 0; k < 6; k++)
            (rows[k * Columns + 3], rows[k * Columns + 800]) = (k % 2, k);
        var side = new RowClasses(rows, Columns, [1, 1, 1, 1, 1, 1]);
        var joint = new JointClasses(side, side, isEnumeration: true);
        Assert.Equal(Math.Log2(6), joint.Bits, 1e-12);
        Assert.Equal(1, joint.SliceBits(0, 768), 1e-12);
        Assert.Equal(Math.Log2(6), joint.SliceBits(768, 768), 1e-12);

        using var device = Cells.Open("reference");
        var result = Cells.Estimate(device, Cells.Request("paper", joint, Cells.Sampling with { StepLimit = 50 }));
        Assert.Equal((0, 768, 900), (result.Protocol!.SliceStart, result.Protocol.SliceColumns, result.Protocol.Columns));
        Assert.Equal(1, result.Protocol.SliceBits, 1e-12);
    }
}
