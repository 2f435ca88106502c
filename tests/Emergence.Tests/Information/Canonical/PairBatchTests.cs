using Emergence.Devices;
using Emergence.Devices.Cpu;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information;
using Emergence.Information.Canonical;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Information.Canonical;

public class PairBatchTests
{
    /// <summary>From 60 pairs that occur on, batches of 40.</summary>
    private static readonly CriticPreset s_preset = CriticPreset.Canonical
        with { Pairs = 200, PairsAtScale = 200, StepLimit = 100, HeldOutPairs = 2_000, AtScale = 60, BatchPairs = 40 };

    /// <summary>Uneven pairs, some of which share a class: each as often as its weight says, to one turn, and none that occurs in the whole
    /// is taken for one that does not.</summary>
    [Theory]
    [InlineData(500, 90)]
    [InlineData(500, 7)]
    [InlineData(40, 40)]
    public void Weighs_what_its_pairs_do_in_the_whole(int rows, int count)
    {
        var joint = Joint(rows);
        var batch = Batches(joint, count).Next();
        Assert.Equal(1, batch.Support.Sum(pair => pair.Joint), 1e-12);
        Assert.Equal(batch.A.Order(), batch.A);
        Assert.Equal(batch.B.Distinct(), batch.B);
        var whole = joint.Support.ToDictionary(pair => (pair.A, pair.B));
        var here = batch.Support.ToDictionary(pair => (A: batch.A[pair.A], B: batch.B[pair.B]));
        var occurring = batch.Occurring.Select(pair => (batch.A[pair.A], batch.B[pair.B])).ToList();
        Assert.Equal(whole.Keys.Where(key => batch.A.Contains(key.A) && batch.B.Contains(key.B)).Order(), occurring);
        foreach (var (key, pair) in whole)
        {
            var found = here.GetValueOrDefault(key);
            Assert.InRange(found.Joint * count, Math.Floor(pair.Joint * count) - 1e-9, Math.Ceiling(pair.Joint * count) + 1e-9);
            Assert.Equal(found.Joint * pair.Product, found.Product * pair.Joint, 1e-12);
        }

        for (var a = 0; a < batch.A.Length; a++)
            Assert.Equal(batch.Support.Where(pair => pair.A == a).Sum(pair => pair.Joint), batch.XWeights[a], 1e-12);
        for (var b = 0; b < batch.B.Length; b++)
            Assert.Equal(batch.Support.Where(pair => pair.B == b).Sum(pair => pair.Joint), batch.YWeights[b], 1e-12);
        Assert.Equal(here.Sum(pair => pair.Value.Joint * Math.Log2(whole[pair.Key].Joint / whole[pair.Key].Product)), batch.Bits, 1e-9);
        var all = batch.AllPairs().ToList();
        Assert.Equal(batch.GridSize - occurring.Count, all.Count(pair => pair.Joint == 0));
        Assert.Equal(batch.OffSupport, all.Count(pair => pair.Joint == 0));
        Assert.Equal(batch.Support, all.Where(pair => pair.Joint > 0));
    }

    /// <summary>As many batches as there are pairs for take each pair once, then again in another order.</summary>
    [Fact]
    public void Take_every_pair_in_turn()
    {
        var (joint, taken) = (Cells.Bijection(130, 3), new List<int>());
        var batches = Batches(joint, 20);
        Assert.Equal(7, batches.Count);
        for (var batch = 0; batch < 14; batch++)
            taken.AddRange(batches.Next().A);
        var (first, second) = (taken.Take(taken.Count / 2).ToList(), taken.Skip(taken.Count / 2).ToList());
        Assert.InRange(first.Distinct().Count(), 125, 130);
        Assert.Equal(140, first.Count);
        Assert.NotEqual(first, second);
    }

    /// <summary>Words that differ in one place follow each other at fixed distances: a batch has such pairs as often as chance would, of
    /// each distance. At equal steps along their own order it would have none of some.</summary>
    [Fact]
    public void Hold_neighbours_as_often_as_chance()
    {
        const int Classes = 3_000, Size = 300, Batches = 40;
        var batches = PairBatchTests.Batches(Cells.Bijection(Classes, 1), Size);
        var distances = new[] { 1, 10, 25, 625 };
        var found = new int[distances.Length];
        for (var batch = 0; batch < Batches; batch++)
        {
            var taken = batches.Next().A.ToHashSet();
            for (var i = 0; i < found.Length; i++)
                found[i] += taken.Count(a => taken.Contains(a + distances[i]));
        }

        for (var i = 0; i < found.Length; i++)
        {
            var expected = (double)Batches * Size * Size / Classes * (Classes - distances[i]) / Classes;
            Assert.InRange(found[i], 0.85 * expected, 1.15 * expected);
        }
    }

    /// <summary>Collisions on both sides and uneven weights: not above at any step, on every device that is not emulated.</summary>
    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void Lead_to_a_value_that_is_not_above_exact(string name)
    {
        using var device = Cells.Open(name);
        foreach (var rate in new[] { 1e-3, 0.03 })
        {
            var result = Cells.Estimate(device, Cells.Request("s-mine", Joint(500), s_preset with { Rate = LearningRate.Constant(rate) }));
            Assert.Equal((0, 0), (result.StepsAboveCeiling, (int)result.NonFinite));
            Assert.All(result.Curve, bits => Assert.True(bits <= result.ExactBits + 1e-4, $"{bits} of {result.ExactBits}"));
            Assert.Equal((result.Steps, result.HeldOutBits), (result.Curve.Count, result.MiBits));
            Assert.True(result.MiBits <= result.ExactBits + 1e-4);
            Assert.True(result.Canonical!.StartBits <= result.ExactBits + 1e-4);
        }
    }

    /// <summary>A bent map of 700 classes with partners that lie near, in batches of a fifth.</summary>
    [Fact]
    public void Lead_to_the_exact_value()
    {
        using var device = Cells.Open("cpu");
        var (x, ones) = (Cells.Vectors(700, 24, 3), Enumerable.Repeat(1.0, 700).ToArray());
        float[] y = [.. x.Select((value, i) => value + 0.3f * MathF.Tanh(2 * x[i / 24 * 24 + (i + 5) % 24]))];
        var joint = new JointClasses(new(x, 24, ones), new(y, 24, ones), isEnumeration: true);
        var preset = s_preset with { Pairs = 2_048, PairsAtScale = 2_048, StepLimit = 2_000, BatchPairs = 140 };
        var result = Cells.Estimate(device, Cells.Request("s-mine", joint, preset));
        Assert.InRange(result.MiBits, result.ExactBits - 0.02, result.ExactBits + 1e-4);
        Assert.Equal(Verdict.Ok, result.Verdict);
    }

    [Fact]
    public void Give_the_same_bytes_however_it_is_computed()
    {
        string? expected = null;
        foreach (var path in CpuDevice.Paths)
        {
            foreach (var threads in new[] { 1, 2 })
            {
                using var device = DeviceTable.Create("cpu", new(threads) { CpuPath = path });
                var joint = Joint(500);
                var alone = Cells.Bytes(Cells.Estimate(device, Cells.Request("s-mine", Joint(500), s_preset, seed: 3)));
                var beside = Cells.Estimate(device, 3, Cells.Request("s-mine", joint, Cells.Sampling),
                    Cells.Request("s-mine", joint, s_preset), Cells.Request("s-mine", joint, s_preset, seed: 3));
                Assert.Equal(expected ??= alone, alone);
                Assert.Equal(expected, Cells.Bytes(beside[2]));
            }
        }
    }

    /// <summary>Six steps are those of three and of three by a training that goes on from there, on the same data: of a critic a device
    /// trains by itself, and of one with a linear term.</summary>
    [Theory]
    [MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void A_training_goes_on_from_another(string name)
    {
        var device = TestDevices.GetForLong(name);
        using var inputs = new DeviceInputs(device);
        var joint = Cells.Mixed([.. Enumerable.Range(0, 80)]);
        var request = Cells.Request("s-mine", joint, CriticPreset.Small with { Pairs = 60 });
        var (x, y) = (inputs.Standardised(joint.X), inputs.Standardised(joint.Y));
        var initial = CriticInitialization.Xavier(SupportMine.Shape(request, x, y), 1, 1);
        foreach (var isLinear in new[] { false, true })
        {
            using CriticTraining whole = Create(), first = Create(), second = Create();
            device.Train([whole], 6);
            device.Train([first], 3);
            second.GoOnFrom(device, first);
            device.Train([second], 3);
            Assert.Equal((6, 3), (second.Steps, second.Values.Count));
            Assert.Equal(whole.Values.Skip(3), second.Values);
            Assert.Equal(Values(whole.Parameters), Values(second.Parameters));
            Assert.NotEqual(Values(first.Parameters), Values(second.Parameters));

            CriticTraining Create() => SupportMine.CreateTraining(request, device, x, y, initial,
                isLinear ? new LinearTerm(device, x, y) { Rate = _ => 1e-3 } : null);
        }

        double[] Values(Tensor tensor)
        {
            var values = new double[tensor.Columns];
            device.Download(tensor, values.AsSpan());
            return values;
        }
    }

    private static PairBatches Batches(JointClasses joint, int size) =>
        new(joint, size, new RandomSequence(4, 0, RandomStream.Batches));

    /// <summary>Rows of 120 vectors of x and 90 of y, most of which go together, with weights from 1 to 50.</summary>
    private static JointClasses Joint(int rows)
    {
        var random = new RandomSequence(9, 0, RandomStream.Samplers);
        var drawn = Enumerable.Range(0, rows).Select(_ => random.NextInt(120))
            .Select(k => (X: k, Y: random.NextInt(8) == 0 ? random.NextInt(90) : k % 90)).ToArray();
        double[] weights = [.. drawn.Select(_ => (double)(random.NextInt(10) == 0 ? 50 : 1 + random.NextInt(5)))];
        var x = Cells.Gather(Cells.Vectors(120, 9, 70), 9, drawn.Select(row => row.X));
        var y = Cells.Gather(Cells.Vectors(90, 9, 71), 9, drawn.Select(row => row.Y));
        return new(new(x, 9, weights), new(y, 9, weights), isEnumeration: true);
    }
}
