using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;
using Emergence.Models;
using Emergence.Tests.Models;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>
/// Copies run beside kernels, in the two orders that are farthest apart: all as late as what waits for them, and ahead of every kernel
/// that they do not wait for. A library of its own, because the order is one of the whole emulator.
/// </summary>
public sealed unsafe class CudaStagingTests
{
    private const int Columns = 33, Bytes = 3 * Columns * sizeof(float);

    private readonly CudaDriver _driver = EmulatorFixture.Copy();

    /// <summary>The emulator itself: what a missing wait does, in the order that shows it.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void A_missing_wait_is_seen(bool early, bool waits)
    {
        EmulatorFixture.EarlyCopies(_driver, early);
        using var device = new CudaDevice(_driver);
        using CudaStream copies = new(device.Gpu.Context);
        using CudaEvent sent = new(device.Gpu.Context), used = new(device.Gpu.Context);
        using var memory = device.Allocate(3, Columns);
        using var y = device.Allocate(3, Columns);
        using var rows = device.AllocateIndices([0, 1, 2]);
        device.Synchronize();

        Copy(1); // late: the kernel is there before it
        sent.Record(copies);
        if (waits || early)
            device.Queue.Stream.Wait(sent);
        device.GatherRows(memory, rows, y);
        used.Record(device.Queue.Stream);
        if (waits || !early)
            copies.Wait(used);
        Copy(2); // early: it is there before the kernel
        Assert.Equal(waits, Read(device, y).All(value => value == 1));
        device.GatherRows(memory, rows, y);
        copies.Synchronize();
        Assert.All(Read(device, memory), value => Assert.Equal(2, value));

        void Copy(float value)
        {
            float[] values = [.. Enumerable.Repeat(value, 3 * Columns)];
            fixed (float* from = values)
                _driver.Check(_driver.cuMemcpyHtoDAsync_v2((ulong)memory.Address, from, Bytes, copies.Handle));
        }
    }

    /// <summary>Three blocks pass two buffers, or one; each op reads its own block.</summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public void Ops_find_their_block_whatever_the_order(bool early, int buffers)
    {
        EmulatorFixture.EarlyCopies(_driver, early);
        using var device = new CudaDevice(_driver);
        Staging[] staged = [.. Enumerable.Range(0, buffers).Select(_ => device.CreateStaging(Bytes + 64))];
        using var rows = device.AllocateIndices([2, 0, 1]);
        Tensor[] results = [.. Enumerable.Range(0, 5).Select(_ => device.Allocate(3, Columns))];
        device.Synchronize();
        for (var block = 0; block < 5; block++)
        {
            var staging = staged[block % buffers];
            staging.Begin();
            staging.Memory.Slice(64, Bytes).Fill((byte)(block + 1));
            staging.Send(64, Bytes);
            staging.Enter();
            device.GatherRows(staging.View(64, DType.Float32, 3, Columns), rows, results[block]);
            staging.Leave();
        }

        for (var block = 0; block < 5; block++)
        {
            var bytes = new byte[Bytes];
            device.Download(results[block], bytes);
            Assert.All(bytes, value => Assert.Equal(block + 1, value));
            results[block].Dispose();
        }

        foreach (var staging in staged)
            staging.Dispose();
    }

    /// <summary>The host's memory is written to again only when the copies from it have been made.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_sent_is_not_overwritten_by_the_host(bool early)
    {
        EmulatorFixture.EarlyCopies(_driver, early);
        using var device = new CudaDevice(_driver);
        using var staging = device.CreateStaging(Bytes);
        staging.Begin();
        staging.Memory.Slice(0, Bytes).Fill(1);
        staging.Send(0, Bytes);
        staging.Enter();
        var seen = staging.View(0, DType.Float32, 3, Columns);
        staging.Begin();
        staging.Memory.Slice(0, Bytes).Fill(2);
        var bytes = new byte[Bytes];
        device.Download(seen, bytes);
        Assert.All(bytes, value => Assert.Equal(1, value));
    }

    /// <summary>Plain and packed weights of a whole model, one block and two at a time.</summary>
    [Theory]
    [InlineData("llama-gqa-rope3", false)]
    [InlineData("llama-gqa-rope3", true)]
    [InlineData("q-gptq", true)]
    [InlineData("q-bnb-nf4", true)]
    [InlineData("q-mxfp4", true)]
    public void A_model_gives_the_same_bytes_in_every_order(string name, bool early)
    {
        var folder = name.StartsWith("q-", StringComparison.Ordinal) ? FamilyTests.Folder(name) : TestData.Golden($"models/{name}");
        EmulatorFixture.EarlyCopies(_driver, early);
        using var device = new CudaDevice(_driver);
        var expected = Scores(null);
        Assert.Equal(expected, Scores(2));
        Assert.Equal(expected, Scores(1));

        float[] Scores(int? blocks)
        {
            using var model = LanguageModel.Load(folder, device, new(),
                sizes => WeightChoice.Given(sizes, blocks, default, "of a test"));
            return [.. model.NextTokenLogits([5, 6, 7, 5, 1]), .. model.NextTokenLogits([3, 2])];
        }
    }

    private static float[] Read(CudaDevice device, Tensor tensor)
    {
        var values = new float[tensor.Count];
        device.Download(tensor, values);
        return values;
    }
}
