using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Files.Safetensors;
using Emergence.Models;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Models;

/// <summary>Weights that are read a block at a time give the bytes that resident ones give.</summary>
public sealed class StreamedWeightsTests
{
    private static readonly int[][] Sequences = [[5, 6, 7, 5], [5, 6, 9, 1], [3, 3, 8, 2], [11, 0, 4, 4]];

    /// <summary>Fused and separate projections, tied heads, positions, experts one by one and in one tensor, embeddings of layers,
    /// shared keys, packed forms.</summary>
    public static TheoryData<string> Families =>
    [
        "apertus", "bloom", "deepseek-v3", "gemma4", "gemma4-moe", "gpt-bigcode", "gpt-oss", "granite-hybrid", "llama4-text", "mamba",
        "mixtral", "nemotron-h", "nested-gemma3", "q-awq", "q-bnb-nf4", "q-fp8-block-moe", "q-gptq", "q-mxfp4", "q-nvfp4", "q-int4-packed",
        "qwen3_5-moe", "rope-longrope-long", "xglm",
    ];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var device in TestDevices.Names)
            {
                foreach (var folder in (string[])["gpt2", "llama-gqa-rope3", "openai-gpt"])
                    cases.Add(folder, device.Data);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Streamed_weights_give_the_same_bytes_on_every_device(string name, string deviceName)
    {
        foreach (var threads in (int[])[1, 2])
        {
            using var device = TestDevices.Create(deviceName, threads);
            Check(TestData.Golden($"models/{name}"), device);
        }
    }

    /// <summary>Experts one by one and in one tensor: each is read when a row comes.</summary>
    [Theory]
    [MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Streamed_experts_give_the_same_bytes_on_every_device(string deviceName)
    {
        TestDevices.SkipLong(deviceName);
        foreach (var name in (string[])["mixtral", "gpt-oss", "q-mxfp4"])
            Check(FamilyTests.Folder(name), TestDevices.Get(deviceName));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Streamed_weights_give_the_same_bytes_for_every_form(string name)
    {
        using var device = DeviceTable.Create("cpu", new() { Threads = 2 });
        Check(FamilyTests.Folder(name), device);
    }

    /// <summary>Also when the model runs twice, and when two passes take turns.</summary>
    [Fact]
    public void Passes_may_follow_each_other_and_take_turns()
    {
        using var device = DeviceTable.Create("cpu", new());
        var folder = TestData.Golden("models/llama-gqa-rope3");
        using var resident = Load(folder, device, null);
        using var streamed = Load(folder, device, 2);
        Assert.Equal(resident.NextTokenLogits(Sequences[0]), streamed.NextTokenLogits(Sequences[0]));
        Assert.Equal(resident.NextTokenLogits(Sequences[1]), streamed.NextTokenLogits(Sequences[1]));
        Assert.Equal(TakingTurns(resident), TakingTurns(streamed));
    }

    [Fact]
    public void A_weight_file_that_changes_while_it_is_streamed_is_noticed()
    {
        var folder = new ForgedModel("gpt2").Write();
        using var device = DeviceTable.Create("cpu", new());
        using var model = Load(folder, device, 1);
        using var stream = new BoundaryStream(model, PrefixForest.Macro(Sequences));
        var error = Assert.Throws<EmergenceException>(() =>
        {
            foreach (var boundary in stream.Run())
            {
                if (boundary.Index == 1)
                    File.SetLastWriteTimeUtc(Path.Combine(folder, "model.safetensors"), new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
            }
        });
        Assert.EndsWith("changed during load: its modification time moved; start again when nothing writes to it", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_that_fails_names_file_tensor_and_offset()
    {
        var folder = new ForgedModel("gpt2").Write();
        var path = Path.Combine(folder, "model.safetensors");
        using var device = DeviceTable.Create("cpu", new());
        using var model = Load(folder, device, 1);
        using var stream = new BoundaryStream(model, PrefixForest.Macro(Sequences));
        var error = Assert.Throws<EmergenceException>(() =>
        {
            foreach (var boundary in stream.Run())
            {
                if (boundary.Index != 1)
                    continue;
                using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                file.SetLength(100);
            }
        });
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Matches("changed during load: ends at byte [0-9]+ inside tensor 'h\\.1\\.", error.Message);
    }

    /// <summary>The kernel's own error: nothing is mapped at the first bytes of a process.</summary>
    [Fact]
    public void An_error_of_the_disk_names_file_and_place()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("reads /proc/self/mem");
        using var file = CheckpointFile.Open("/proc/self/mem");
        var error = Assert.Throws<EmergenceException>(() => file.Read(24, new byte[8], "tensor 'a'"));
        Assert.Equal(ExitCode.Disk, error.ExitCode);
        Assert.StartsWith("/proc/self/mem: reading tensor 'a' at byte 24 failed: ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>What is not finite in a block is found when the block comes.</summary>
    [Fact]
    public void A_weight_that_is_not_finite_is_refused_when_it_is_read()
    {
        var folder = new ForgedModel("gpt2")
            .Copy("h.1.mlp.c_fc.weight", "h.1.mlp.c_fc.weight", bytes => ForgedModel.SetSingle(bytes, 5, float.NaN)).Write();
        using var device = DeviceTable.Create("cpu", new());
        using var model = Load(folder, device, 2);
        var error = Assert.Throws<EmergenceException>(() => model.NextTokenLogits([1, 2]));
        Assert.EndsWith("h.1.mlp.c_fc.weight: 1 NaN, first at [0,5]; --allow-nonfinite loads it all the same", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Where_weights_are_follows_from_what_is_free()
    {
        var folder = TestData.Golden("models/gpt2");
        using var device = DeviceTable.Create("cpu", new());
        using var checkpoint = Checkpoint.Open(folder);
        var config = ModelConfig.Read(folder);
        var sizes = WeightSizes.Of(config.Shape, new WeightFiles(config, checkpoint, new()));

        // (12 * 48^2 + 13 * 48) weights of four bytes in each of three blocks, 384 + 64 rows of 48, the last norm.
        const long Block = 4 * (12 * 48 * 48 + 13 * 48);
        Assert.Equal([new(Block), new(Block), new(Block)], sizes.Blocks);
        Assert.Equal((4 * 384 * 48, 4L * 48, 4 * (64 * 48 + 2 * 48)), (sizes.Tables, sizes.TableRow, sizes.Kept));
        Assert.Equal(425_664, sizes.Resident);
        Assert.Equal(WeightSizes.Of(config).Resident, sizes.Resident);
        Assert.Equal(4 * 4 * 48 * 48, sizes.LargestMatrix);

        // The embedding is the head; of a block two norms and four biases are vectors.
        Assert.Equal((4 * 384 * 48, 0, 4 * 13 * 48), (sizes.TiedHead, sizes.Head, sizes.Vectors));
        Assert.Equal(sizes.Streamed(1, new(7)) + sizes.TiedHead, sizes.Streamed(1, new(7, Head: true)));

        var free = device.AvailableBytes;
        Assert.Null(WeightChoice.Of(device, sizes, WeightPlacement.Auto).Blocks);
        Assert.Equal(2, WeightChoice.Of(device, sizes, WeightPlacement.Streamed).Blocks);
        Assert.Equal(0, WeightChoice.Of(device, sizes, WeightPlacement.Auto, besides: 2 * free).Blocks);
        Assert.Equal("as asked for", WeightChoice.Of(device, sizes, WeightPlacement.Resident, besides: 2 * free).Reason);
    }

    /// <summary>Two of eight experts for each of so many rows; matrices (48, 40) and back, in three layers.</summary>
    [Fact]
    public void So_many_rows_need_so_many_experts_at_most()
    {
        var folder = FamilyTests.Folder("olmoe");
        using var checkpoint = Checkpoint.Open(folder);
        var config = ModelConfig.Read(folder);
        var ofFiles = WeightSizes.Of(config.Shape, new WeightFiles(config, checkpoint, new()));
        foreach (var sizes in (WeightSizes[])[ofFiles, WeightSizes.Of(config)])
        {
            const long Expert = 4 * 3 * 48 * 40;
            Assert.All(sizes.Blocks, block => Assert.Equal((8, 2, Expert), (block.Experts, block.Chosen, block.Expert)));
            Assert.Equal([2, 6, 8, 8], [.. ((long?[])[1, 3, 4, null]).Select(rows => sizes.Experts(rows)!.Value.Needed)]);
            Assert.Equal(4 * Expert, sizes.Streamed(2, new(5, 3)) - sizes.Streamed(2, new(5, 1)));
            Assert.Equal(2 * 4 * Expert, sizes.ReadOnce(new(5, 3), 2) - sizes.ReadOnce(new(5, 1), 2));
            Assert.Equal(sizes.Resident, sizes.Kept + sizes.Tables + sizes.Head + sizes.Blocks.Sum(block => block.Always + 8 * Expert));
        }
    }

    /// <summary>What a pass costs is said before: three blocks of 113,088 bytes, 12,672 of positions and the last norm.</summary>
    [Fact]
    public void A_streamed_model_says_what_a_pass_reads()
    {
        using var device = DeviceTable.Create("cpu", new());
        using var model = Load(TestData.Golden("models/gpt2"), device, 1);
        Assert.EndsWith("; every pass of rows through the model reads at most 0.4 MB of them", model.Placement, StringComparison.Ordinal);
    }

    /// <summary>What is not finite in an expert is found when a row is sent to it, and by nobody else.</summary>
    [Theory]
    [InlineData("olmoe", "model.layers.{0}.mlp.experts.{1}.up_proj.weight", 48 * 40)]
    [InlineData("gpt-oss", "model.layers.{0}.mlp.experts.down_proj", 96 * 48)]
    [InlineData("q-fp8-block-moe", "model.layers.{0}.mlp.experts.{1}.up_proj.weight_scale_inv", 1)]
    public void Experts_that_no_row_is_sent_to_are_not_read(string name, string weight, int elements)
    {
        using var device = DeviceTable.Create("cpu", new());
        var chosen = new HashSet<int>();
        float[] expected;
        using (var plain = Load(FamilyTests.Folder(name), device, null))
        {
            plain.Transformer.Routed = (layer, _, experts) => chosen.UnionWith(layer == 1 ? experts : []);
            expected = plain.NextTokenLogits([7]);
        }

        var part = ModelConfig.Read(FamilyTests.Folder(name)).Shape.Blocks[1].Experts!;
        var idle = Enumerable.Range(0, part.Count).First(expert => !chosen.Contains(expert));
        using var streamed = Load(With(idle), device, 2);
        Assert.Equal(expected, streamed.NextTokenLogits([7]));
        using var needed = Load(With(chosen.First()), device, 2);
        Assert.Contains("1 NaN", Assert.Throws<EmergenceException>(() => needed.NextTokenLogits([7])).Message, StringComparison.Ordinal);
        Assert.Throws<EmergenceException>(() => Load(With(idle), device, null));

        string With(int expert)
        {
            var tensor = string.Format(System.Globalization.CultureInfo.InvariantCulture, weight, 1, expert);
            var first = tensor == weight.Replace("{0}", "1", StringComparison.Ordinal) ? expert * elements : 0;
            return ForgedModel.Of(FamilyTests.Folder(name))
                .Copy(tensor, tensor, bytes => ForgedModel.SetSingle(bytes, first, float.NaN)).Write();
        }
    }

    /// <summary>Activations, micro rows and scores, in every way to stream, with room for one unpacked matrix and for more.</summary>
    private static void Check(string folder, Device device)
    {
        var expected = Bytes(folder, device, null, _ => 0);
        Assert.Equal(expected, Bytes(folder, device, 2, sizes => sizes.UnpackedBlock));
        Assert.Equal(expected, Bytes(folder, device, 1, sizes => sizes.UnpackedBlock / 2));
        Assert.Equal(expected, Bytes(folder, device, 0, _ => 0));
        if (Path.GetFileName(folder).StartsWith("q-", StringComparison.Ordinal))
            Assert.Equal(expected, Bytes(folder, device, null, sizes => sizes.UnpackedBlock));
    }

    private static byte[] Bytes(string folder, Device device, int? blocks, Func<WeightSizes, long> unpacked)
    {
        using var model = Load(folder, device, blocks, unpacked);
        Assert.StartsWith(blocks == null ? "weights resident" : "weights streamed", model.Placement, StringComparison.Ordinal);
        var path = Path.Combine(TestData.TemporaryFolder(), "capture.safetensors");
        using var all = new MemoryStream();
        foreach (var kind in (CaptureKind[])[CaptureKind.Macro, CaptureKind.Micro])
        {
            CaptureFile.Write(model, Sequences, kind, model.HasHead, path);
            all.Write(File.ReadAllBytes(path));
        }

        return all.ToArray();
    }

    private static LanguageModel Load(string folder, Device device, int? blocks, Func<WeightSizes, long>? unpacked = null) =>
        LanguageModel.Load(folder, device, new(), sizes =>
            WeightChoice.Given(sizes, blocks, default, "of a test", Math.Max(sizes.Unpacked, unpacked?.Invoke(sizes) ?? 0)));

    private static float[] TakingTurns(LanguageModel model)
    {
        using var first = new BoundaryStream(model, PrefixForest.Macro(Sequences));
        using var second = new BoundaryStream(model, PrefixForest.Micro(Sequences), workBytes: 1);
        var values = new List<float>();
        foreach (var (one, other) in first.Run().Zip(second.Run()))
        {
            foreach (var rows in (Emergence.Devices.Tensors.Tensor[])[one.Rows, other.Rows])
            {
                var part = new float[rows.Count];
                model.Device.Download(rows, part);
                values.AddRange(part);
            }
        }

        return [.. values];
    }
}
