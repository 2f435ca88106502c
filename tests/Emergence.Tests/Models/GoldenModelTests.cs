using Emergence.Capture;
using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Files.Safetensors;
using Emergence.Models;
using Emergence.Tests.Devices;
using Emergence.Tests.Devices.Cuda;

namespace Emergence.Tests.Models;

/// <summary>Activations of every architecture against those of another implementation.</summary>
public sealed class GoldenModelTests
{
    private const double BoundaryTolerance = 1e-5;
    private const double LogitTolerance = 1e-4;

    private static readonly string[] Beside = ["gpt2", "llama-gqa-rope3", "openai-gpt"];

    internal static readonly string[] Large =
        ["gemma", "gemma2", "gemma3", "gpt-neox", "gptj", "llama-mha", "mistral-window", "olmo2", "opt", "phi3", "qwen2", "qwen3"];

    /// <summary>What no values were made for: they share all their parts with others that have some.</summary>
    internal static readonly string[] WithoutValues =
        ["cwm", "exaone", "falcon_mamba", "glm4_moe_lite", "internlm3", "iquestcoder", "lfm2_moe", "minicpm3", "qwen2_5_vl_text",
            "qwen2_vl_text", "qwen3_next", "qwen3_vl_text", "seed_oss", "vaultgemma"];

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
    public void Boundaries_micro_rows_and_logits_equal_the_reference(string name, string deviceName) =>
        Check(name, TestDevices.Get(deviceName));

    /// <summary>As a Hopper GPU computes them, those whose layers fill its tiles: products of bf16 parts.</summary>
    [Theory]
    [InlineData("llama-gqa-rope3")]
    [InlineData("gpt-neox")]
    [InlineData("gptj")]
    [InlineData("opt")]
    [InlineData("phi3")]
    [InlineData("gemma2")]
    public void Products_of_parts_equal_the_reference(string name)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels, warpgroups: true);
        var launched = device.Trace(() => Check(name, device)).Select(launch => launch.Kernel);
        Assert.Contains(launched, kernel => kernel.StartsWith("product_sm90_nt", StringComparison.Ordinal));
    }

    private static void Check(string name, Device device) =>
        CheckFolder(Beside.Contains(name) ? TestData.Golden($"models/{name}") : TestData.Large($"golden/models/{name}"), device);

    /// <summary>All that a folder with reference values has.</summary>
    internal static void CheckFolder(string folder, Device device)
    {
        using var golden = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        var sequences = Sequences(golden, "input_ids");
        using var model = LanguageModel.Load(folder, device);
        Assert.Empty(model.UnknownConfigKeys);

        Assert.Equal(golden.Tensors.ContainsKey("logits"), model.HasHead);
        using var macro = Captured(model, sequences, CaptureKind.Macro, model.HasHead);
        using var micro = Captured(model, sequences, CaptureKind.Micro, logits: false);
        for (var layer = 0; layer < model.Layers; layer++)
        {
            Compare(macro, $"boundary.{layer}", golden, $"block_in.{layer}", BoundaryTolerance);
            Compare(macro, $"boundary.{layer + 1}", golden, $"block_out.{layer}", BoundaryTolerance);
            Compare(micro, $"boundary.{layer + 1}", golden, $"micro_out.{layer}", BoundaryTolerance);
        }

        Assert.DoesNotContain("logits", micro.Tensors.Keys);
        if (!model.HasHead)
            return;
        Assert.Equal(golden.Tensors.ContainsKey("final_norm"), macro.Tensors.ContainsKey("final_norm"));
        if (model.Config.HasFinalNorm)
            Compare(macro, "final_norm", golden, "final_norm", BoundaryTolerance);
        Compare(macro, "logits", golden, "logits", LogitTolerance);
    }

    /// <summary>A family in another form has the reference values all the same.</summary>
    internal static void CheckForged(string name, ForgedModel forged)
    {
        var folder = forged.Write();
        File.Copy(Path.Combine(FamilyTests.Folder(name), "golden.safetensors"), Path.Combine(folder, "golden.safetensors"));
        using var device = DeviceTable.Create("cpu", new());
        CheckFolder(folder, device);
    }

    [Fact]
    public void Every_architecture_has_reference_values()
    {
        var folders = Beside.Select(name => TestData.Golden($"models/{name}"))
            .Concat(Large.Select(name => TestData.Large($"golden/models/{name}"))).Concat(FamilyTests.Folders.Select(FamilyTests.Folder));
        var covered = folders.Select(folder => ModelConfig.Read(folder).ModelType).Concat(WithoutValues).Distinct()
            .Order(StringComparer.Ordinal);
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
