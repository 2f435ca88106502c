using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Critics in bf16 against the reference device and against the same sums of the same rounded values.</summary>
public sealed class CriticBf16Tests
{
    private static readonly int[] s_published = [768, 384, 192, 96, 48, 24, 12, 6, 3, 1];

    public static TheoryData<int[], int, int, int, int, int> Shapes { get; } = new()
    {
        // The golden shapes, the small preset, layers of one column, and two that begin as the published one does.
        { [32, 16, 8, 4, 2, 1], 24, 24, 96, 96, 192 },
        { [48, 24, 12, 6, 3, 1], 17, 40, 31, 33, 130 },
        { [24, 8, 1], 9, 9, 40, 40, 257 },
        { [64, 32, 16, 1], 33, 7, 5, 3, 150 },
        { [1, 1], 3, 1, 3, 3, 1 },
        { [96, 48, 24, 12, 6, 3, 1], 20, 31, 30, 25, 200 },
        { [200, 100, 97, 33, 3, 1], 31, 33, 9, 3, 140 },
        { [150, 1], 8, 5, 300, 3, 33 },
    };

    /// <summary>
    /// Where the same values are rounded, sums in single precision leave an error of about 2^-18 before a rounding whose step
    /// is 2^-7: one value in 2,048 falls to the neighbour, sqrt(2^-18 2^-7 2) = 2.4e-4 of the norm, and ten layers carry it on.
    /// </summary>
    private const double Neighbours = 2e-3;

    [Theory, MemberData(nameof(Shapes))]
    public void Scores_and_gradients_are_those_of_rounded_values(int[] widths, int dx, int dy, int xRows, int yRows, int pairs)
    {
        var shape = new CriticShape(dx, dy, widths);
        var c = new CriticCase(shape, new CriticPlan16(shape, xRows, yRows, pairs, hasPairProducts: false).TailStart, xRows, yRows, pairs);
        using var device = Bf16.Device();
        c.CheckRounded(c.Run(device), Neighbours);
    }

    /// <summary>
    /// Against the reference device: a path to T or to a gradient has up to 2 tail + 3 roundings; and a unit nearer to 0 than
    /// its own error, a share of about one rounding, takes the other derivative, which moves its whole gradient.
    /// </summary>
    [Theory, MemberData(nameof(Shapes))]
    public void Rounding_stays_small(int[] widths, int dx, int dy, int xRows, int yRows, int pairs)
    {
        var shape = new CriticShape(dx, dy, widths);
        var tail = new CriticPlan16(shape, xRows, yRows, pairs, hasPairProducts: false).TailStart;
        var c = new CriticCase(shape, tail, xRows, yRows, pairs);
        using var device = Bf16.Device();
        var (expected, found) = (c.Run(TestDevices.Reference), c.Run(device));
        var roundings = Bf16.Unit * Math.Sqrt((2 * tail) + 3);
        CriticCase.Check("T", expected.Scores, found.Scores, 2 * roundings);
        c.CheckLayers(expected.Gradient, found.Gradient, (2 * roundings) + (2 * Math.Sqrt(Bf16.Unit)));
    }

    /// <summary>
    /// Behind an input that no sum can round otherwise, the tail is as exact as single precision, on tensor cores too: a layer
    /// adds up a dozen times and passes on what it was given. Without the last of three parts the error were 2^-17 a value.
    /// </summary>
    [Theory]
    [InlineData(48, 24, 12, 6, 3, 1)]
    [InlineData(32, 23, 15, 7, 7, 1)]
    [InlineData(64, 32, 16, 1)]
    public void Tails_are_as_exact_as_single_precision(params int[] widths)
    {
        var shape = new CriticShape(3, 4, widths);
        var c = new CriticCase(shape, 1, 20, 15, 300);
        c.CoarsenFirstLayer();
        using var device = Bf16.Device();
        c.CheckRounded(c.Run(device), 8 * Bf16.Step, 1);
    }

    /// <summary>The same passes with the products of a Hopper GPU.</summary>
    [Theory]
    [InlineData(20, 31, 96, 48, 24, 12, 6, 3, 1)]
    [InlineData(31, 33, 200, 100, 97, 33, 3, 1)]
    public void Warpgroups_make_the_same_sums(int dx, int dy, params int[] widths)
    {
        var shape = new CriticShape(dx, dy, widths);
        var c = new CriticCase(shape, new CriticPlan16(shape, 30, 25, 140, hasPairProducts: true).TailStart, 30, 25, 140);
        using var device = Bf16.Device(warpgroups: true);
        c.CheckRounded(c.Run(device), Neighbours, formsPairs: true);
    }

    /// <summary>In the published protocol a row of x or y is in two pairs, whose gradients a product adds up as it goes.</summary>
    [Fact]
    public void Two_pairs_of_a_class_meet_in_the_product()
    {
        const int Rows = 150;
        var shape = new CriticShape(20, 31, 96, 48, 24, 1);
        var gradients = new[] { false, true }.Select(warpgroups =>
        {
            using var device = Bf16.Device(warpgroups);
            var (c, random) = (new CriticCase(shape, 2, Rows, Rows, 1), new Random(3));
            int[] a = [.. Enumerable.Range(0, Rows).OrderBy(_ => random.Next())], b = [.. Enumerable.Range(0, Rows).OrderBy(_ => random.Next())];
            double[] each = [.. Enumerable.Repeat(1.0 / Rows, Rows)], none = new double[Rows];
            using Tensor x = CriticCase.Upload(device, c.X, 20), y = CriticCase.Upload(device, c.Y, 31);
            using var training = new CriticTraining(device, shape, x, y, a, b, [.. each, .. none], [.. none, .. each], new ShuffledPairs(a, b), [.. c.Parameters.Select(v => (float)v)]) { Rate = _ => 1e-3 };
            device.Train([training], 2);
            Assert.Equal(warpgroups, ((CriticWorkspace16)training.Workspace).ByB.IsOfTwos);
            return OpCase.Read(device, training.Gradient);
        }).ToArray();
        // Sums of negative pairs are rounded once more, by up to 2^-9 of what is 100 times smaller then: 2e-5 before a rounding by 2^-7.
        CriticCase.Check("gradient", gradients[0], gradients[1], 4 * Neighbours);
    }

    /// <summary>Many classes with few pairs each, and few with many: a sort of two digits and two tiles, sums of eight slices.</summary>
    [Theory]
    [InlineData(1500, 2, 4500)]
    [InlineData(1500, 1, 90)]
    public void Pairs_are_summed_by_class(int xRows, int yRows, int pairs)
    {
        var c = new CriticCase(new CriticShape(3, 2, 8, 1), 1, xRows, yRows, pairs);
        using var device = Bf16.Device();
        c.CheckRounded(c.Run(device), Neighbours);
    }

    /// <summary>Steps that the device takes by itself are those taken op by op, whether it starts with them or goes on.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Trainings_of_the_device_take_the_same_steps(int before)
    {
        Assert.Equal(Train((device, training) => training.Take(device, before + 30)), Train((device, training) =>
        {
            training.Take(device, before);
            device.Train([training], 30);
        }));
    }

    /// <summary>Rows of x that every step draws again are put in order once: the bytes of steps that sort them each time.</summary>
    [Fact]
    public void An_order_that_stays_changes_nothing()
    {
        using var device = Bf16.Device();
        var shape = new CriticShape(4, 3, 16, 1);
        var c = new CriticCase(shape, 1, 40, 30, 50);
        var source = new ShuffledPairs([.. Enumerable.Range(0, 35).Select(i => i * 7 % 40)], [.. Enumerable.Range(0, 35).Select(i => i * 11 % 30)]);
        double[] weights = [.. Enumerable.Repeat(1.0 / 50, 50), .. Enumerable.Repeat(1.0 / 35, 35)];
        using Tensor x = CriticCase.Upload(device, c.X, 4), y = CriticCase.Upload(device, c.Y, 3);
        using CriticTraining kept = Training(), sorted = Training();
        device.Train([kept], 3);
        using var workspace = device.CreateCriticWorkspace(shape, 40, 30, 85);
        for (var step = 0; step < 3; step++)
        {
            device.DrawPairs(source, 0, 0, step, sorted.A.RowRange(50, 35), sorted.B.RowRange(50, 35));
            device.CriticForward(workspace, sorted.Parameters, x, y, sorted.A, sorted.B);
            device.DonskerVaradhan(workspace.Scores, sorted.Joint, sorted.Marginal, workspace.ScoreGradients);
            device.CriticBackward(workspace, sorted.Parameters, x, y, sorted.A, sorted.B, sorted.Gradient);
            device.Adam(sorted.Parameters, sorted.Gradient, sorted.FirstMoment, sorted.SecondMoment, 1e-3, step + 1);
        }

        Assert.Equal(OpCase.Read(device, sorted.Parameters), OpCase.Read(device, kept.Parameters));

        CriticTraining Training() => new(device, shape, x, y, c.A, c.B, [.. weights.Select((w, r) => r < 50 ? w : 0)], [.. weights.Select((w, r) => r < 50 ? 0 : w)], source, [.. c.Parameters.Select(v => (float)v)]) { Rate = _ => 1e-3 };
    }

    /// <summary>Whatever order the threads of a block run in, training gives the same bytes, and it learns.</summary>
    [Theory]
    [InlineData(100, 33, 10, 1)]
    [InlineData(48, 24, 12, 6, 3, 1)]
    public void Thread_order_does_not_matter(params int[] widths)
    {
        var seen = new List<double[]>();
        try
        {
            foreach (var (order, seed) in ((int, int)[])[(0, 1), (0, 1), (1, 1), (2, 1), (2, 2)])
            {
                EmulatorFixture.Order(EmulatorFixture.Kernels, order, seed);
                seen.Add(Train((device, training) => training.Take(device, 3), widths));
            }
        }
        finally
        {
            EmulatorFixture.Order(EmulatorFixture.Kernels, 0);
        }

        Assert.All(seen, values => Assert.Equal(seen[0], values));
        Assert.DoesNotContain(seen[0], double.IsNaN);
        Assert.True(seen[0][^1] > seen[0][^3], $"the bound fell from {seen[0][^3]} to {seen[0][^1]}");
    }

    /// <summary>The published protocol: at most 2.5 times the inputs in bf16.</summary>
    [Fact]
    public void Published_protocol_fits()
    {
        var plan = new CriticPlan16(new CriticShape(768, 768, s_published), 300_000, 300_000, 600_000, hasPairProducts: true);
        Assert.Equal(2L * 300_000 * 768 * 2, plan.InputBytes);
        Assert.InRange(plan.ExtraBytes, plan.InputBytes, 2.5 * plan.InputBytes);
        Assert.Equal(5, plan.TailStart);
        Assert.True(plan.TailFitsMma);
    }

    [Fact]
    public void Workspaces_take_what_is_planned()
    {
        using var device = Bf16.Device();
        var plan = new CriticPlan16(new CriticShape(20, 31, 200, 100, 33, 1), 70, 50, 900, hasPairProducts: false);
        var before = device.AvailableBytes;
        using var workspace = device.CreateCriticWorkspace(plan.Shape, plan.XRows, plan.YRows, plan.Pairs);
        Assert.Equal(plan.TotalBytes, before - device.AvailableBytes);
    }

    [Fact]
    public void Other_devices_say_that_they_have_no_bf16()
    {
        var error = Assert.Throws<EmergenceException>(() => DeviceTable.Create("cpu", new DeviceOptions(Arithmetic: DType.BFloat16)));
        Assert.Equal("device cpu does not compute in BFloat16", error.Message);
    }

    /// <summary>Parameters and values after some steps of a critic, where none is named of one with two wide layers.</summary>
    private static double[] Train(Action<Device, CriticTraining> steps, params int[] widths)
    {
        using var device = Bf16.Device();
        var shape = new CriticShape(7, 5, widths.Length > 0 ? widths : [100, 33, 10, 1]);
        var c = new CriticCase(shape, 2, 9, 8, 67);
        double[] weights = [.. Enumerable.Repeat(1.0 / c.A.Length, c.A.Length)];
        using Tensor x = CriticCase.Upload(device, c.X, 7), y = CriticCase.Upload(device, c.Y, 5);
        using var training = new CriticTraining(device, shape, x, y, c.A, c.B, [.. weights.Select((w, r) => r % 2 * 2 * w)], [.. weights.Select((w, r) => (r + 1) % 2 * 2 * w)], PairSource.None, [.. c.Parameters.Select(v => (float)v)]) { Rate = _ => 1e-3 };
        steps(device, training);
        return [.. OpCase.Read(device, training.Parameters), .. training.Values.Select(value => value.Bits)];
    }
}
