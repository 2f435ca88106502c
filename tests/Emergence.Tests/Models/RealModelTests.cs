using System.Diagnostics;
using System.Text.Json;
using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Files.Safetensors;
using Emergence.Models;
using Emergence.Tests.Cli;
using Emergence.Tests.Devices;
using Emergence.Tests.Devices.Cuda;

namespace Emergence.Tests.Models;

/// <summary>Real checkpoints against activations of another implementation.</summary>
public sealed class RealModelTests
{
    private static readonly Lazy<string> s_unpacked = new(Unpack);

    /// <summary>Under the emulator's checks 120 tokens would take many minutes.</summary>
    public static TheoryData<string> DeviceNames => [.. TestDevices.Names.Select(row => row.Data).Where(name => name != "emulator")];

    [Theory]
    [MemberData(nameof(DeviceNames))]
    public void Stories260k_agrees_and_tells_the_same_stories(string deviceName)
    {
        using var model = LanguageModel.Load(ModelReference.Resolve("stories260k"), TestDevices.GetForLong(deviceName));
        using var golden = SafetensorsFile.Open(TestData.Golden("stories260k/golden.safetensors"));
        CompareBoundaries(model, golden, 1e-5);
        using var texts = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden("stories260k/golden.json")));
        foreach (var text in texts.RootElement.EnumerateArray())
            Assert.Equal(Ids(text, "greedy_40"), Greedy.Continue(model, Ids(text, "input_ids"), 40));
        Assert.Equal(64, model.Identity.Weights.Length);
        Assert.NotEqual(model.Identity.Weights, model.Identity.Config);
    }

    [Fact]
    public void SmolLM2_135M_Instruct_agrees_in_boundaries_and_top_tokens()
    {
        var folder = UnpackedSmolLM2();
        using var golden = SafetensorsFile.Open(TestData.Large("golden/smollm2-135m/golden.safetensors"));
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(folder, device);
        Assert.Equal("bfloat16", model.Config.StoredType);
        CompareBoundaries(model, golden, 1e-4);

        using var captured = GoldenModelTests.Captured(model, Prompts(golden), CaptureKind.Macro, logits: true);
        for (var prompt = 0; golden.Tensors.ContainsKey($"{prompt}.input_ids"); prompt++)
        {
            GoldenModelTests.Compare(captured, $"{prompt}.final_norm", golden, $"{prompt}.final_norm", 1e-4);
            var top = captured.ReadSingles($"{prompt}.logits").Chunk(model.VocabularySize).SelectMany(TopFive).ToArray();
            Assert.Equal(golden.ReadInt32($"{prompt}.top5_ids"), top);
        }
    }

    /// <summary>As a user captures it: the program, with the GPU's kernels and launches under the emulator's checks.</summary>
    [Theory]
    [InlineData("macro")]
    [InlineData("micro")]
    public void SmolLM2_135M_Instruct_agrees_on_the_emulator(string kind)
    {
        var folder = UnpackedSmolLM2();
        _ = EmulatorFixture.Kernels;
        using var golden = SafetensorsFile.Open(TestData.Large("golden/smollm2-135m/golden.safetensors"));
        var (prompts, work) = (Prompts(golden), TestData.TemporaryFolder());
        var (ids, output) = (Path.Combine(work, "ids.json"), Path.Combine(work, "out.safetensors"));
        File.WriteAllText(ids, JsonSerializer.Serialize(prompts));

        var (code, _, error) = Child.Run("capture", "--model", folder, "--device", "emulator", "--kind", kind, "--input-ids", ids, "-o",
            output);

        Assert.True(code == 0, error);
        using var captured = SafetensorsFile.Open(output);
        const int Layers = 30;
        CompareBoundaries(kind == "macro" ? captured : null, kind == "micro" ? captured : null, golden, prompts.Length, Layers, 1e-4);
    }

    private static void CompareBoundaries(LanguageModel model, SafetensorsFile golden, double limit)
    {
        var prompts = Prompts(golden);
        var withLogits = golden.Tensors.ContainsKey("0.logits");
        using var macro = GoldenModelTests.Captured(model, prompts, CaptureKind.Macro, withLogits);
        using var micro = GoldenModelTests.Captured(model, prompts, CaptureKind.Micro, logits: false);
        CompareBoundaries(macro, micro, golden, prompts.Length, model.Layers, limit);
        for (var prompt = 0; withLogits && prompt < prompts.Length; prompt++)
            GoldenModelTests.Compare(macro, $"{prompt}.logits", golden, $"{prompt}.logits", 10 * limit);
    }

    private static void CompareBoundaries(SafetensorsFile? macro, SafetensorsFile? micro, SafetensorsFile golden, int prompts, int layers,
        double limit)
    {
        for (var prompt = 0; prompt < prompts; prompt++)
        {
            if (macro != null)
                GoldenModelTests.Compare(macro, $"{prompt}.boundary.0", golden, $"{prompt}.embedding", limit);
            for (var layer = 0; layer < layers; layer++)
            {
                if (macro != null)
                    GoldenModelTests.Compare(macro, $"{prompt}.boundary.{layer + 1}", golden, $"{prompt}.block_out.{layer}", limit);
                if (micro != null)
                    GoldenModelTests.Compare(micro, $"{prompt}.boundary.{layer + 1}", golden, $"{prompt}.micro_out.{layer}", limit);
            }
        }
    }

    private static int[][] Prompts(SafetensorsFile golden)
    {
        var prompts = new List<int[]>();
        while (golden.Tensors.ContainsKey($"{prompts.Count}.input_ids"))
            prompts.Add(golden.ReadInt32($"{prompts.Count}.input_ids"));
        return [.. prompts];
    }

    private static int[] Ids(JsonElement text, string key) => [.. text.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];

    private static IEnumerable<int> TopFive(float[] logits) =>
        Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(5);

    /// <summary>The script checks the SHA-256 of what it writes; the folder is kept for later runs under the script's own hash. Tests of
    /// several classes ask for it at once.</summary>
    internal static string UnpackedSmolLM2() => s_unpacked.Value;

    private static string Unpack()
    {
        var script = TestData.Large("models/smollm2-135m/unpack.py");
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(script)));
        var folder = Path.Combine(Path.GetTempPath(), $"emergence-smollm2-135m-{hash[..16]}");
        if (Directory.Exists(folder))
            return folder;
        var partial = $"{folder}.{Environment.ProcessId}";
        const string Python = "/usr/bin/python3";
        if (!File.Exists(Python))
            Assert.Skip($"{Python} is needed to unpack the checkpoint");
        var start = new ProcessStartInfo(Python, [script, partial]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (error.Contains("No module named 'numpy'", StringComparison.Ordinal))
            Assert.Skip("python3-numpy is needed to unpack the checkpoint");
        Assert.True(process.ExitCode == 0, error);
        if (!Directory.Exists(folder))
            Directory.Move(partial, folder);
        return folder;
    }
}
