using Emergence.Devices;
using Emergence.Devices.Cpu;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;

namespace Emergence.Tests.Devices;

/// <summary>The same bytes for any number of threads, any number of rows in a call, and on every path of the processor.</summary>
public class InvarianceTests
{
    private static readonly CriticShape s_shape = new(57, 33, 300, 31, 5, 1);

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void A_row_does_not_depend_on_the_others(string name)
    {
        foreach (var k in new[] { 33, 385, 1000 })
        {
            using var op = new OpCase(name, 1);
            var (a, b, bias, all) = (
                op.Random(401, k).Tested, op.Random(259, k).Tested, op.Random(1, 259).Tested, op.Random(401, 259).Tested);
            op.Device.MatMul(a, b, all, transposeB: true, bias: bias, activation: Activation.GeluErf, residual: all);
            foreach (var (start, count) in new[] { (0, 1), (400, 1), (6, 31), (100, 193), (17, 384) })
            {
                using var again = new OpCase(name, 1);
                var (a2, b2, bias2, part) = (
                    again.Random(401, k).Tested, again.Random(259, k).Tested, again.Random(1, 259).Tested,
                    again.Random(401, 259).Tested.RowRange(start, count));
                op.Device.MatMul(
                    a2.RowRange(start, count), b2, part, transposeB: true, bias: bias2, activation: Activation.GeluErf, residual: part);
                Assert.Equal(op.Read(all.RowRange(start, count)), op.Read(part));
            }
        }
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Training_is_the_same_alone_and_side_by_side_for_any_number_of_threads(string name)
    {
        TestDevices.SkipLong(name);
        double[][]? expected = null;
        foreach (var threads in name == "emulator" ? (int[])[1] : [1, 2, 5])
        {
            using var device = TestDevices.Create(name, threads);
            foreach (var together in new[] { true, false })
            {
                var trainings = Enumerable.Range(0, 6).Select(i => Training(device, i)).ToList();
                if (together)
                    device.Train(trainings, 3);
                else
                    trainings.ForEach(training => device.Train([training], 3));
                var found = trainings.Select(training => OpCase.Read(device, training.Parameters)).ToArray();
                expected ??= found;
                Assert.Equal(expected, found);
                trainings.ForEach(training => { training.X.Dispose(); training.Y.Dispose(); training.Dispose(); });
            }
        }
    }

    [Fact]
    public void All_paths_of_the_processor_agree()
    {
        double[]? expected = null;
        foreach (var path in CpuDevice.Paths)
        {
            using var device = TestDevices.Create($"cpu/{path}", 2);
            using var training = Training(device, 1);
            device.Train([training], 2);
            var found = OpCase.Read(device, training.Parameters);
            expected ??= found;
            Assert.Equal(expected, found);
            training.X.Dispose();
            training.Y.Dispose();
        }
    }

    [Fact]
    public void Ops_may_be_called_from_several_threads()
    {
        using var device = TestDevices.Create("cpu", 3);
        var expected = Run(0);
        Parallel.For(0, 12, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => Assert.Equal(expected, Run(i)));

        double[] Run(int _)
        {
            using var a = device.Allocate(300, 200);
            using var y = device.Allocate(300, 300);
            device.Upload(OpCase.Values(new Random(1), 300 * 200), a);
            device.MatMul(a, a, y, transposeB: true);
            return OpCase.Read(device, y);
        }
    }

    [Fact]
    public void A_failing_block_reaches_the_caller_and_the_pool_goes_on()
    {
        using var pool = new CpuPool(3);
        Assert.Throws<InvalidOperationException>(() => pool.Run(50, i =>
        {
            if (i == 20)
                throw new InvalidOperationException();
        }));
        var done = new int[50];
        pool.Run(50, i => done[i]++);
        Assert.All(done, times => Assert.Equal(1, times));
    }

    private static CriticTraining Training(Device device, int seed)
    {
        var random = new Random(seed);
        var (x, y) = (device.Allocate(40, s_shape.XColumns), device.Allocate(50, s_shape.YColumns));
        device.Upload(OpCase.Values(random, 40 * s_shape.XColumns), x);
        device.Upload(OpCase.Values(random, 50 * s_shape.YColumns), y);
        const int Fixed = 300, Drawn = 3000;
        int[] a = [.. Enumerable.Range(0, Fixed).Select(_ => random.Next(40))];
        int[] b = [.. Enumerable.Range(0, Fixed).Select(_ => random.Next(50))];
        double[] joint = [.. Enumerable.Repeat(1.0 / Fixed, Fixed), .. new double[Drawn]];
        double[] marginal = [.. Enumerable.Repeat(1.0 / (Fixed + Drawn), Fixed + Drawn)];
        var source = new OffSupportPairs(
            Drawn, new AliasTable(Enumerable.Repeat(1.0, 40).ToArray()), new AliasTable(Enumerable.Repeat(1.0, 50).ToArray()),
            [(1, 1), (2, 7)]);
        float[] initial = [.. OpCase.Values(random, s_shape.ParameterCount, 0.2).Select(v => (float)v)];
        return new(device, s_shape, x, y, a, b, joint, marginal, source, initial) { Rate = _ => 1e-3, Seed = (ulong)seed, Cell = 3 };
    }
}
