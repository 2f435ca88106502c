using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information;
using Emergence.Tests.Information;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Steps that the device takes by itself against steps op by op, and what is done when it cannot.</summary>
public sealed class CudaTrainingTests
{
    private static readonly CriticShape s_shape = new(9, 5, 12, 7, 1);

    /// <summary>Single steps, whole graphs and more steps than there are slots, alone and together.</summary>
    [Fact]
    public void Queued_steps_are_the_bytes_of_steps_taken_one_by_one()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        var expected = Enumerable.Range(0, 3).Select(i => Run(i, training => training.Take(device, 70))).ToArray();
        Assert.Equal(3, expected.Distinct().Count());

        Assert.Equal(expected[0], Run(0, training => device.Train([training], 70)));
        Assert.Equal(expected[1], Run(1, training =>
        {
            foreach (var steps in new[] { 1, 3, 0, 25, 41 })
                device.Train([training], steps);
        }));

        var together = Enumerable.Range(0, 3).Select(i => Training(device, i)).ToArray();
        device.Train(together[1..], 2);
        device.Train(together[..1], 1);
        device.Train([together[2], together[0], together[1]], 68);
        device.Train(together[..1], 1);
        Assert.Equal(expected, together.Select(training => Bytes(device, training)));
        Array.ForEach(together, Dispose);

        string Run(int seed, Action<CriticTraining> train)
        {
            var training = Training(device, seed);
            train(training);
            var bytes = Bytes(device, training);
            Dispose(training);
            return bytes;
        }
    }

    [Fact]
    public void A_training_that_breaks_shows_it_at_its_step()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        var training = Training(device, 1, step => step == 3 ? double.NaN : 1e-3);
        device.Train([training], 6);
        Assert.Equal([0, 0, 0, 0], training.Values.Take(4).Select(value => value.NonFinite));
        Assert.Equal(training.A.Rows, training.Values[4].NonFinite);
        Assert.False(double.IsFinite(training.Values[5].Bits));
        Dispose(training);
    }

    /// <summary>Partitions of many parts are joined in a tree: against the sum in double on the host.</summary>
    [Fact]
    public void Many_parts_make_one_partition()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        const int Rows = 600_000;
        var random = new Random(3);
        double[] scores = [.. Enumerable.Range(0, Rows).Select(_ => (double)(float)(10 * random.NextDouble() - 5))];
        const double Weight = 1.0 / (1 << 20);
        double[] weights = [.. Enumerable.Repeat(Weight, Rows)];
        using Tensor t = Upload(device, Rows, scores), w = Upload(device, Rows, weights);
        var value = device.DonskerVaradhan(t, w, w, null);
        Assert.Equal(scores.Sum() * Weight, value.Joint, 1e-11);
        Assert.Equal(Math.Log(scores.Sum(Math.Exp) * Weight), value.LogPartition, 1e-11);
        Assert.Equal((scores.Max(Math.Abs), 0), (value.MaxScore, value.NonFinite));
    }

    /// <summary>A block that takes all steps of a training gives the bytes of the ops, for whole chunks, tiles and classes and for parts of them.</summary>
    [Theory]
    [InlineData(1, 1, 1, 1, 1, 0)]
    [InlineData(25, 25, 64, 64, 625, 0)]
    [InlineData(7, 90, 70, 3, 33, 257)]
    [InlineData(80, 80, 5, 130, 80, 1100)]
    public void A_small_critic_in_one_block_is_the_bytes_of_its_ops(int xRows, int yRows, int xColumns, int yColumns, int fixedPairs, int drawn)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        var shape = new CriticShape(xColumns, yColumns, 64, 32, 16, 1);
        CriticTraining[] trainings = [.. Enumerable.Range(0, 3).Select(i => Training(device, i, shape: shape, xRows: xRows, yRows: yRows, fixedPairs: fixedPairs, drawn: drawn))];
        trainings[0].Take(device, 3);
        device.Train(trainings[1..2], 3);
        Assert.Equal(trainings[0].Values.Count, trainings[1].Values.Count);
        device.Train(trainings[2..], 1);

        using var other = Training(device, 0, shape: shape, xRows: xRows, yRows: yRows, fixedPairs: fixedPairs, drawn: drawn);
        device.Train([other], 1);
        device.Train([trainings[2], other], 2);
        Assert.Equal(Bytes(device, trainings[0]), Bytes(device, other));
        using var alone = Training(device, 2, shape: shape, xRows: xRows, yRows: yRows, fixedPairs: fixedPairs, drawn: drawn);
        alone.Take(device, 3);
        Assert.Equal(Bytes(device, alone), Bytes(device, trainings[2]));
        Assert.DoesNotContain(trainings[0].Values, value => value.NonFinite > 0);
        foreach (var training in (CriticTraining[])[.. trainings, other, alone])
            Dispose(training);
    }

    /// <summary>Trainings that do not fit beside the others wait; values stay the same.</summary>
    [Fact]
    public void Short_memory_makes_trainings_wait()
    {
        const long Bytes = 120 << 10;
        var preset = Cells.Sampling with { StepLimit = 50, Pairs = 72 };
        var requests = Enumerable.Range(1, 5).Select(seed => Cells.Request("s-mine", Cells.Bijection(9, 4), preset, (ulong)seed)).ToArray();
        using var roomy = new CudaDevice(EmulatorFixture.Kernels);
        var expected = Run(roomy, out var together);
        Assert.Equal(5, together);

        var driver = EmulatorFixture.Copy();
        EmulatorFixture.Memory(driver, Bytes);
        using var small = new CudaDevice(driver);
        Assert.Equal(expected, Run(small, out together));
        Assert.InRange(together, 2, 4);

        EmulatorFixture.Memory(driver, Bytes - small.AvailableBytes + 2000);
        var failed = Cells.Estimate(small, 3, requests[..2]);
        Assert.All(failed, result => Assert.StartsWith("failed: CUDA_ERROR_OUT_OF_MEMORY in cuMemAlloc: needs ", result.Failure, StringComparison.Ordinal));

        string[] Run(CudaDevice device, out int most)
        {
            var (read, done, seen) = (0, 0, 0);
            using var batch = new EstimationBatch(device, 5);
            var results = new Dictionary<EstimationRequest, MutualInformation>(ReferenceEqualityComparer.Instance);
            batch.Run(requests.Select(request => { read++; return request; }), (request, result) =>
            {
                seen = Math.Max(seen, read - done++);
                results.Add(request, result);
            }, CancellationToken.None);

            // The one that waits for memory was read as well.
            most = read == done && seen < 5 ? seen - 1 : seen;
            return [.. requests.Select(request => Cells.Bytes(results[request]))];
        }
    }

    /// <summary>A lost device ends a run with what was finished kept, and a code that says: start again.</summary>
    [Theory]
    [InlineData(214, "CUDA_ERROR_ECC_UNCORRECTABLE")]
    [InlineData(700, "CUDA_ERROR_ILLEGAL_ADDRESS")]
    [InlineData(719, "CUDA_ERROR_LAUNCH_FAILED")]
    public void A_lost_device_ends_the_run(int fault, string name)
    {
        var driver = EmulatorFixture.Copy();
        using var device = new CudaDevice(driver);
        using var batch = new EstimationBatch(device, 1);
        var preset = Cells.Sampling with { StepLimit = 50, Pairs = 72 };
        var requests = Enumerable.Range(1, 3).Select(seed => Cells.Request("s-mine", Cells.Bijection(9, 4), preset, (ulong)seed));
        var finished = 0;
        var error = Assert.Throws<EmergenceException>(() => batch.Run(requests, (_, _) =>
        {
            finished++;
            EmulatorFixture.Fail(driver, fault, 500);
        }, CancellationToken.None));
        Assert.Equal((1, ExitCode.TryAgain), (finished, error.ExitCode));
        Assert.StartsWith(name + " in cu", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("the device is lost to this process, what was finished is kept: run the same command again", error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.TryAgain, Assert.Throws<EmergenceException>(() => device.Allocate(3, 3)).ExitCode);
    }

    private static CriticTraining Training(Device device, int seed, Func<int, double>? rate = null, CriticShape? shape = null, int xRows = 11, int yRows = 13, int fixedPairs = 31, int drawn = 40)
    {
        shape ??= s_shape;
        var random = new Random(seed);
        Tensor x = Upload(device, xRows, OpCase.Values(random, xRows * shape.XColumns)), y = Upload(device, yRows, OpCase.Values(random, yRows * shape.YColumns));
        int[] a = [.. Enumerable.Range(0, fixedPairs).Select(_ => random.Next(xRows))], b = [.. Enumerable.Range(0, fixedPairs).Select(_ => random.Next(yRows))];
        double[] joint = [.. Enumerable.Repeat(1.0 / fixedPairs, fixedPairs), .. new double[drawn]], marginal = [.. Enumerable.Range(0, fixedPairs + drawn).Select(_ => 2 * random.NextDouble() / (fixedPairs + drawn))];
        PairSource source = drawn == 0 ? PairSource.None : new OffSupportPairs(drawn, Table(xRows), Table(yRows), [(1, 1), (2, 7)]);
        float[] initial = [.. OpCase.Values(random, shape.ParameterCount, 0.2).Select(v => (float)v)];
        return new(device, shape, x, y, a, b, joint, marginal, source, initial) { Rate = rate ?? (step => 1e-2 / (1 + step)), Seed = (ulong)seed + (1ul << 40), Cell = 3 };

        AliasTable Table(int rows) => new([.. Enumerable.Range(0, rows).Select(_ => 0.1 + random.NextDouble())]);
    }

    private static Tensor Upload(Device device, int rows, double[] values)
    {
        var tensor = device.Allocate(rows, values.Length / rows);
        device.Upload(values, tensor);
        return tensor;
    }

    /// <summary>All that steps leave behind, to the bit.</summary>
    private static string Bytes(Device device, CriticTraining training) =>
        string.Join(' ', new[] { training.Parameters, training.FirstMoment, training.SecondMoment }.SelectMany(tensor => OpCase.Read(device, tensor))
            .Concat(training.Values.SelectMany(value => new[] { value.Joint, value.LogPartition, value.MaxScore, value.NonFinite })).Select(BitConverter.DoubleToInt64Bits));

    private static void Dispose(CriticTraining training)
    {
        training.X.Dispose();
        training.Y.Dispose();
        training.Dispose();
    }
}
