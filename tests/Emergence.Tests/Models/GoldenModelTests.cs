using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Models;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Models;

/// <summary>Activations of every architecture against those of another implementation.</summary>
public sealed class GoldenModelTests
{
    private const double BoundaryTolerance = 1e-5;
    private const double LogitTolerance = 1e-4;

    private static readonly string[] Beside = ["gpt2", "llama-gqa-rope3", "openai-gpt"];

    private static readonly string[] Large =
        ["gemma", "gemma2", "gemma3", "gpt-neox", "gptj", "llama-mha", "mistral-window", "olmo2", "opt", "phi3", "qwen2", "qwen3"];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var device in TestDevices.Names)
            {
                foreach (var folder in Beside.Concat(Large))
                    cases.Add(folder, device.Data);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Boundaries_micro_rows_and_logits_equal_the_reference(string name, string deviceName)
    {
        var folder = Beside.Contains(name) ? TestData.Golden($"models/{name}") : TestData.Large($"golden/models/{name}");
        using var golden = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        var sequences = Sequences(golden, "input_ids");
        using var model = LanguageModel.Load(folder, TestDevices.Get(deviceName));
        Assert.Empty(model.UnknownConfigKeys);

        using var macro = Captured(model, sequences, CaptureKind.Macro, logits: true);
        using var micro = Captured(model, sequences, CaptureKind.Micro, logits: false);
        for (var layer = 0; layer < model.Layers; layer++)
        {
            Compare(macro, $"boundary.{layer}", golden, $"block_in.{layer}", BoundaryTolerance);
            Compare(macro, $"boundary.{layer + 1}", golden, $"block_out.{layer}", BoundaryTolerance);
            Compare(micro, $"boundary.{layer + 1}", golden, $"micro_out.{layer}", BoundaryTolerance);
        }

        Assert.Equal(golden.Tensors.ContainsKey("final_norm"), macro.Tensors.ContainsKey("final_norm"));
        if (model.Config.HasFinalNorm)
            Compare(macro, "final_norm", golden, "final_norm", BoundaryTolerance);
        Compare(macro, "logits", golden, "logits", LogitTolerance);
        Assert.DoesNotContain("logits", micro.Tensors.Keys);
    }

    [Fact]
    public void Every_architecture_has_reference_values()
    {
        var types = Beside.Select(name => TestData.Golden($"models/{name}")).Concat(Large.Select(name => TestData.Large($"golden/models/{name}")));
        var covered = types.Select(folder => ModelConfig.Read(folder).ModelType).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(ArchitectureTable.Rows.Select(row => row.Name).Order(StringComparer.Ordinal), covered);
    }

    internal static int[][] Sequences(SafetensorsFile golden, string name) =>
        [.. golden.ReadInt32(name).Chunk((int)golden.Tensors[name].Shape[^1])];

    internal static SafetensorsFile Captured(LanguageModel model, IReadOnlyList<int[]> sequences, CaptureKind kind, bool logits)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "capture.safetensors");
        CaptureFile.Write(model, sequences, kind, logits, path);
        return SafetensorsFile.Open(path);
    }

    internal static void Compare(SafetensorsFile actual, string actualName, SafetensorsFile golden, string goldenName, double limit)
    {
        Assert.Equal(golden.Tensors[goldenName].Shape, actual.Tensors[actualName].Shape);
        Assert.Equal("F32", actual.Tensors[actualName].DType);
        var columns = (int)golden.Tensors[goldenName].Shape[^1];
        RelativeError.Below(limit, actual.ReadSingles(actualName), golden.ReadSingles(goldenName), columns, actualName);
    }
}
