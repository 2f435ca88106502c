using Emergence.Capture;
using Emergence.Devices.Reference;
using Emergence.Files;
using Emergence.Files.Safetensors;
using Emergence.Models;

namespace Emergence.Tests.Capture;

public sealed class CaptureFileTests
{
    private readonly string _folder = TestData.TemporaryFolder();

    [Fact]
    public void Equal_rows_are_one_tensor_and_unequal_ones_a_tensor_each()
    {
        using var equal = Capture([[5, 6], [7, 8], [5, 6]], CaptureKind.Macro, logits: true);
        Assert.Equal(["boundary.0", "boundary.1", "boundary.2", "boundary.3", "final_norm", "logits"],
            equal.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([3, 2, 48], equal.Tensors["boundary.3"].Shape);
        Assert.Equal([3, 2, 384], equal.Tensors["logits"].Shape);
        var rows = equal.ReadSingles("boundary.3").Chunk(2 * 48).ToArray();
        Assert.Equal(rows[0], rows[2]);
        Assert.NotEqual(rows[0], rows[1]);

        using var unequal = Capture([[5, 6], [7], [5, 6]], CaptureKind.Macro, logits: false);
        Assert.Equal(12, unequal.Tensors.Count);
        Assert.Equal([2, 48], unequal.Tensors["0.boundary.3"].Shape);
        Assert.Equal([1, 48], unequal.Tensors["1.boundary.3"].Shape);
        Assert.Equal(rows[0], unequal.ReadSingles("2.boundary.3"));
        Assert.Equal(rows[1][..48], unequal.ReadSingles("1.boundary.3"));
    }

    [Fact]
    public void Micro_puts_every_token_alone_at_position_0()
    {
        using var micro = Capture([[5, 6, 5]], CaptureKind.Micro, logits: true);
        using var alone = Capture([[5]], CaptureKind.Macro, logits: true);
        foreach (var (name, columns) in new[] { ("boundary.0", 48), ("boundary.3", 48), ("final_norm", 48), ("logits", 384) })
        {
            var rows = micro.ReadSingles(name).Chunk(columns).ToArray();
            Assert.Equal(alone.ReadSingles(name), rows[0]);
            Assert.Equal(rows[0], rows[2]);
            Assert.NotEqual(rows[0], rows[1]);
        }
    }

    [Fact]
    public void Wrong_rows_are_refused_and_leave_no_file()
    {
        Assert.Equal("no rows to capture: expected at least one list of token ids", Refused([]));
        Assert.Equal("row 1 is empty: expected at least one token id", Refused([[1], []]));
        Assert.Equal("row 0: id 384 at position 1 is not in 0 .. 383", Refused([[1, 384]]));
        Assert.Equal("row 0 has 65 tokens, the model takes at most 64", Refused([new int[65]]));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Progress_is_told_and_a_stopped_capture_leaves_no_file()
    {
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        using var source = new CancellationTokenSource();
        var seen = new Reports(count =>
        {
            if (count == 2)
                source.Cancel();
        });
        var path = Path.Combine(_folder, "stopped.safetensors");
        Assert.Throws<OperationCanceledException>(() =>
            CaptureFile.Write(model, [[1, 2]], CaptureKind.Macro, false, path, seen, source.Token));
        Assert.Equal([1, 2], seen.Values);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("[[1,2],[3]]", null)]
    [InlineData("[1,2]\n[3]\n", null)]
    [InlineData("{\"input_ids\": [[1,2],[3,0]], \"attention_mask\": [[1,1],[1,0]]}", null)]
    [InlineData("{\"input_ids\": [1,2]}\n{\"input_ids\": [3,9,9], \"attention_mask\": [1,0,0]}\n", null)]
    [InlineData("{\"input_ids\": [[9,1]], \"attention_mask\": [[0,1]]}", "row 0 has padding before a token")]
    [InlineData("{\"input_ids\": [[9,1]], \"attention_mask\": [[1]]}", "row 0: expected an attention_mask of 2 zeros and ones")]
    [InlineData("{}", "expected a list of lists of token ids, e.g. [[1,2],[1,3]]")]
    [InlineData("[1]", "row 0 is not a list of token ids")]
    [InlineData("[[1],[2.5]]", "row 1, position 0: 2.5 is not a token id")]
    [InlineData("[[\"a\"]]", "row 0, position 0: \"a\" is not a token id")]
    [InlineData("[[1", "not valid JSON at line 1, column 4: ")]
    [InlineData("[[[[1]]]]", "row 0, position 0: [[1]] is not a token id")]
    public void Input_ids_are_lists_of_lists(string json, string? expected)
    {
        var path = Path.Combine(_folder, "ids.json");
        File.WriteAllText(path, json);
        if (expected == null)
        {
            Assert.Equal([[1, 2], [3]], InputIds.Read(path));
            return;
        }

        var error = Assert.Throws<EmergenceException>(() => InputIds.Read(path));
        Assert.StartsWith($"{path}: {expected}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void An_absent_file_of_ids_is_named()
    {
        var error = Assert.Throws<EmergenceException>(() => InputIds.Read(Path.Combine(_folder, "none.json")));
        Assert.EndsWith("none.json, found nothing", error.Message, StringComparison.Ordinal);
    }

    private SafetensorsFile Capture(int[][] sequences, CaptureKind kind, bool logits)
    {
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        var path = Path.Combine(_folder, $"{Guid.NewGuid()}.safetensors");
        CaptureFile.Write(model, sequences, kind, logits, path);
        return SafetensorsFile.Open(path);
    }

    private string Refused(int[][] sequences) =>
        Assert.Throws<EmergenceException>(() => Capture(sequences, CaptureKind.Macro, logits: false)).Message;

    private sealed class Reports(Action<int> then) : IProgress<int>
    {
        public List<int> Values { get; } = [];

        public void Report(int value)
        {
            Values.Add(value);
            then(value);
        }
    }
}
