using System.Runtime.InteropServices;
using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Settings;
using Emergence.Models;
using Emergence.Tests.Information;
using Emergence.Tokenizers;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>What is planned against what is taken, and results where memory is short.</summary>
public sealed class CudaMemoryTests
{
    /// <summary>To the byte: a plan is made by the code that takes the memory.</summary>
    [Theory]
    [InlineData(DType.Float32, false, 33, 17, 3_000, 0)]
    [InlineData(DType.Float32, false, 33, 17, 9_000, 8_500)]
    [InlineData(DType.Float32, true, 300, 257, 1_200, 900)]
    [InlineData(DType.Float32, true, 31, 9_000, 9_500, 500)]
    [InlineData(DType.BFloat16, false, 33, 17, 5_000, 4_900)]
    [InlineData(DType.BFloat16, true, 257, 300, 1_200, 900)]
    public void A_training_takes_what_was_planned(DType arithmetic, bool warpgroups, int xRows, int yRows, int pairs, int drawn)
    {
        using var device = new CudaDevice(EmulatorFixture.Copy(), null, arithmetic, warpgroups);
        var (random, fixedPairs) = (new Random(1), pairs - drawn);
        int[] Rows(int below) => [.. Enumerable.Range(0, fixedPairs).Select(_ => random.Next(below))];
        var support = Enumerable.Range(0, fixedPairs).Select(i => (i % xRows, i / xRows % yRows)).Distinct().Order();
        PairSource source = drawn == 0 ? PairSource.None : new OffSupportPairs(drawn, Table(xRows), Table(yRows), [.. support]);
        Assert.Equal(Taken(device, new(70, 96, 128, 96, 33, 1), xRows, yRows, Rows(xRows), Rows(yRows), source, out var planned), planned);

        static AliasTable Table(int rows) => new([.. Enumerable.Repeat(1.0, rows)]);
    }

    /// <summary>The published protocol, with rows of their own and with rows that repeat.</summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    public void A_shuffled_training_takes_what_was_planned(bool warpgroups, int repeats)
    {
        using var device = new CudaDevice(EmulatorFixture.Copy(), null, DType.BFloat16, warpgroups);
        int[] own = [.. Enumerable.Range(0, 600).Select(row => row / repeats)];
        var classes = own.Max() + 1;
        Assert.Equal(
            Taken(
                device, new(20, 31, 128, 96, 48, 24, 12, 6, 3, 1), classes, classes, own, own, new ShuffledPairs(own, own),
                out var planned),
            planned);
    }

    [Fact]
    public void A_small_training_takes_what_was_planned()
    {
        using var device = new CudaDevice(EmulatorFixture.Copy());
        int[] a = [.. Enumerable.Range(0, 100).Select(i => i % 11)], b = [.. a.Select((_, i) => i % 13)];
        Assert.Equal(Taken(device, new(9, 5, 64, 32, 16, 1), 11, 13, a, b, PairSource.None, out var planned), planned);
    }

    /// <summary>Beside a linear term a training has no queue of its own, and its plan none either.</summary>
    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void A_training_with_a_linear_term_takes_what_was_planned(DType arithmetic)
    {
        using var device = new CudaDevice(EmulatorFixture.Copy(), null, arithmetic);
        int[] own = [.. Enumerable.Range(0, 33)];
        var uniform = new AliasTable([.. Enumerable.Repeat(1.0, own.Length)]);
        var source = new OffSupportPairs(300, uniform, uniform, [.. own.Select(pair => (pair, pair))]);
        Assert.Equal(Taken(device, new(9, 9, 128, 32, 16, 1), 33, 33, own, own, source, out var planned, linearColumns: 21), planned);
    }

    private static long Taken(
        CudaDevice device, CriticShape shape, int xRows, int yRows, int[] a, int[] b, PairSource source, out long planned,
        int linearColumns = 0)
    {
        using Tensor x = device.Allocate(xRows, shape.XColumns), y = device.Allocate(yRows, shape.YColumns);
        var pairs = a.Length + source.Count;
        double[] weights = [.. Enumerable.Repeat(1.0 / pairs, pairs)];
        planned = CriticTraining.EstimateBytes(device, shape, xRows, yRows, a, b, source, linearColumns);
        using Tensor ofX = device.Allocate(xRows, linearColumns), ofY = device.Allocate(yRows, linearColumns);
        var free = device.AvailableBytes;
        var linear = linearColumns > 0 ? new LinearTerm(device, ofX, ofY) { Rate = _ => 1e-3 } : null;
        using var training = new CriticTraining(
            device, shape, x, y, a, b, weights, weights, source, new float[shape.ParameterCount], linear) { Rate = _ => 1e-3 };
        return free - device.AvailableBytes;
    }

    /// <summary>
    /// Fewer rows at a time inside a block, where little is free from the start and where an op finds nothing for itself.
    /// </summary>
    [Theory]
    [InlineData(DType.Float32, false)]
    [InlineData(DType.BFloat16, true)]
    public void Short_memory_makes_tiles_of_the_forward_pass_smaller_and_no_byte_different(DType arithmetic, bool warpgroups)
    {
        var forest = PrefixForest.Macro([.. Enumerable.Range(0, 40).Select(n => new[] { 1, 10 + n, 50 + n % 7, 90 + n % 3 })]);
        var expected = Run(long.MaxValue, long.MaxValue, out var roomy);
        Assert.Equal(forest.Count, roomy);

        Assert.Equal(expected, Run(80_000, long.MaxValue, out var tile));
        Assert.InRange(tile, 1, forest.Count / 2);
        if (arithmetic == DType.Float32)
            return;

        // Less than the operands that the widest product rounds; half a chunk leaves room for them.
        Assert.Equal(expected, Run(long.MaxValue, 24_000, out tile));
        Assert.Equal((forest.Count + 1) / 2, tile);

        string Run(long freeAtFirst, long freeLater, out int rows)
        {
            var driver = EmulatorFixture.Copy();
            using var device = new CudaDevice(driver, null, arithmetic, warpgroups);
            using var model = LanguageModel.Load(ModelReference.Resolve("stories260k"), device);
            var boundaries = 2L * forest.Count * model.Width * sizeof(float);
            Limit(freeAtFirst == long.MaxValue ? freeAtFirst : freeAtFirst + boundaries);
            using var stream = new BoundaryStream(model, forest);
            Limit(freeLater);
            var values = new float[forest.Count * model.Width];
            device.Download(stream.Run().Last().Rows, values);
            rows = stream.ChunkRows;
            return Convert.ToHexString(MemoryMarshal.AsBytes<float>(values));

            void Limit(long free) => EmulatorFixture.Memory(driver, free == long.MaxValue ? 64L << 30 : (64L << 30) - Free() + free);

            long Free()
            {
                EmulatorFixture.Memory(driver, 64L << 30);
                return device.AvailableBytes;
            }
        }
    }

    [Fact]
    public void Short_memory_makes_tiles_of_what_is_scored_smaller_and_no_byte_different()
    {
        var driver = EmulatorFixture.Copy();
        using var device = new CudaDevice(driver);
        var joint = Cells.Bijection(60, 4);
        var shape = new CriticShape(4, 4, 16, 8, 1);
        using Tensor x = device.Allocate(60, 4), y = device.Allocate(60, 4);
        device.Upload(Cells.Vectors(60, 4, 5), x);
        device.Upload(Cells.Vectors(60, 4, 6), y);
        using var training = new CriticTraining(
            device, shape, x, y, [0], [0], [1.0], [1.0], PairSource.None, Cells.Vectors(shape.ParameterCount, 1, 7)) { Rate = _ => 1e-3 };
        var expected = HeldOut.Bits(device, training, HeldOut.Pairs(joint, 1, 1));
        Assert.True(double.IsFinite(expected));

        // All 3,600 pairs take 734,000 bytes.
        var total = device.AvailableBytes;
        EmulatorFixture.Memory(driver, (64L << 30) - total + 250_000);
        Assert.Equal(
            BitConverter.DoubleToInt64Bits(expected),
            BitConverter.DoubleToInt64Bits(HeldOut.Bits(device, training, HeldOut.Pairs(joint, 1, 1))));

        EmulatorFixture.Memory(driver, (64L << 30) - total + 50_000);
        var error = Assert.Throws<EmergenceException>(() => HeldOut.Bits(device, training, HeldOut.Pairs(joint, 1, 1)));
        Assert.StartsWith("CUDA_ERROR_OUT_OF_MEMORY in cuMemAlloc: needs ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// A plan that fits is kept: on a device of that size and no byte more, every cell gets the value it has on a large one.
    /// </summary>
    [Fact]
    public void What_fits_by_plan_runs()
    {
        var folder = ModelReference.Resolve("stories260k");
        var data = DatasetTable.Create(
            "words", Tokenizer.Load(folder), new DatasetOptions { Shots = 1, ModelFolder = folder, Sequences = 8 });
        var preset = Cells.Sampling with { StepLimit = 50 };
        var grid = new CellGrid(5, data.Length, EstimatorTable.Find("s-mine"), "0-1", null, 1, 2);
        var expected = Run(64L << 30, out var roomy);
        Assert.All(expected, cell => Assert.DoesNotContain("failed", cell, StringComparison.Ordinal));

        // One part in eight stays free, whatever the size.
        var parts = roomy.Needed - roomy.Reserved - (roomy.Critics - 2) * roomy.Critic;
        Assert.Equal(expected, Run(parts * 8 / 7 + 4_096, out var tight));
        Assert.True(tight.Fits && roomy.Fits);
        Assert.InRange(tight.Critics, 1, roomy.Critics - 1);

        string[] Run(long bytes, out MemoryPlan plan)
        {
            var driver = EmulatorFixture.Copy();
            EmulatorFixture.Memory(driver, bytes);
            using var device = new CudaDevice(driver);
            plan = MemoryPlan.Of(device, ModelConfig.Read(folder), data, grid, preset,
                new MacroMicroPasses(data, ModelConfig.Read(folder), MicroPosition.Zero));
            using var model = LanguageModel.Load(folder, device);
            var results = new List<string>();
            new GridRun(
                model, data, grid, preset, MicroPosition.Zero).Run(
                    _ => false, result => results.Add($"{result.Cell} {Cells.Bytes(result.Information)} {result.Information.Failure}"),
                    CancellationToken.None);
            return [.. results.Order(StringComparer.Ordinal)];
        }
    }
}
