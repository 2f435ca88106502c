using System.Runtime.InteropServices;
using Emergence.Capture;
using Emergence.Devices;
using Emergence.Models;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Capture;

/// <summary>The bytes of a row depend on its own tokens only.</summary>
public sealed class BoundaryStreamTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var device in TestDevices.Names)
            {
                foreach (var folder in new[] { "gpt2", "llama-gqa-rope3", "openai-gpt" })
                    cases.Add(folder, device.Data);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Sharing_chunks_and_threads_do_not_change_a_byte(string folder, string deviceName)
    {
        var sequences = Sequences();
        using var device = TestDevices.Create(deviceName, threads: 2);
        using var model = LanguageModel.Load(TestData.Golden($"models/{folder}"), device);
        var shared = BySequence(model, sequences, BoundaryStream.DefaultWorkBytes);

        // One row inside a block at a time, then a few, so that chunks begin inside of branches.
        Assert.Equal(shared, BySequence(model, sequences, 1));
        Assert.Equal(shared, BySequence(model, sequences, 7 * BlockMemory.BytesPerRow(device, model.Config.Shape)));
        Assert.Equal(shared, sequences.SelectMany(sequence => BySequence(model, [sequence], BoundaryStream.DefaultWorkBytes)));

        using var single = TestDevices.Create(deviceName, threads: 1);
        using var again = LanguageModel.Load(TestData.Golden($"models/{folder}"), single);
        Assert.Equal(shared, BySequence(again, sequences, BoundaryStream.DefaultWorkBytes));
    }

    [Theory]
    [InlineData("gemma2")]
    [InlineData("gpt-neox")]
    [InlineData("gptj")]
    [InlineData("mistral-window")]
    [InlineData("olmo2")]
    [InlineData("phi3")]
    public void Chunks_do_not_change_a_byte_of_other_block_forms(string folder)
    {
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(TestData.Large($"golden/models/{folder}"), device);
        var sequences = Sequences();
        Assert.Equal(BySequence(model, sequences, BoundaryStream.DefaultWorkBytes), BySequence(model, sequences, 1));
    }

    [Fact]
    public void Boundaries_come_in_order_with_the_one_before()
    {
        using var device = DeviceTable.Create("reference", new());
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        using var stream = new BoundaryStream(model, PrefixForest.Macro(Sequences()));
        var expected = 0;
        byte[]? before = null;
        foreach (var boundary in stream.Run())
        {
            Assert.Equal(expected++, boundary.Index);
            Assert.Equal(before == null, boundary.Previous == null);
            if (boundary.Previous != null)
                Assert.Equal(before, Bytes(device, boundary.Previous));
            before = Bytes(device, boundary.Rows);
        }

        Assert.Equal(model.Layers + 1, expected);
    }

    [Fact]
    public void Micro_rows_are_those_of_sequences_of_one_and_positions_matter_on_request()
    {
        using var device = DeviceTable.Create("reference", new());
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        int[][] sequences = [[5, 6], [6, 5]];
        using var zero = new BoundaryStream(model, PrefixForest.Micro(sequences));
        Assert.Equal(BySequence(model, [[5], [6]], 1), Split(Bytes(device, zero.Run().Last().Rows), 2));
        using var own = new BoundaryStream(model, PrefixForest.Micro(sequences, MicroPosition.Own));
        var rows = Split(Bytes(device, own.Run().Last().Rows), 4);
        Assert.Equal(4, rows.Distinct().Count());
    }

    [Fact]
    public void A_stopped_stream_stops()
    {
        using var device = DeviceTable.Create("reference", new());
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        using var stream = new BoundaryStream(model, PrefixForest.Macro(Sequences()));
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var boundary in stream.Run(source.Token))
            {
                Assert.Equal(0, boundary.Index);
                source.Cancel();
            }
        });
    }

    [Fact]
    public void Memory_does_not_grow_with_layers()
    {
        var config = ModelConfig.Read(TestData.Large("models/smollm2-135m"));
        using var device = DeviceTable.Create("reference", new());

        // 28,850 rows of 576 doubles twice, and the inside of a block.
        Assert.Equal((2 * 28_850L * 576 * 8) + BoundaryStream.DefaultWorkBytes, BoundaryStream.EstimateBytes(config, device, 28_850));
    }

    private static int[][] Sequences()
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, 40)
            .Select(_ => Enumerable.Range(0, random.Next(1, 12)).Select(t => t < 3 ? random.Next(2) : random.Next(384)).ToArray())];
    }

    /// <summary>Last boundary: for each sequence, the bytes of its rows in hex.</summary>
    private static string[] BySequence(LanguageModel model, int[][] sequences, long workBytes)
    {
        var forest = PrefixForest.Macro(sequences);
        using var stream = new BoundaryStream(model, forest, workBytes);
        var rows = Split(Bytes(model.Device, stream.Run().Last().Rows), forest.Count);
        return [.. sequences.Select((_, s) => string.Concat(forest.Rows(s).ToArray().Select(row => rows[row])))];
    }

    private static string[] Split(byte[] bytes, int rows) => [.. bytes.Chunk(bytes.Length / rows).Select(Convert.ToHexString)];

    private static byte[] Bytes(Device device, Emergence.Devices.Tensors.Tensor tensor)
    {
        var values = new double[tensor.Count];
        device.Download(tensor, values);
        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }
}
