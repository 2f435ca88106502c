using Emergence.Capture;
using Emergence.Devices;
using Emergence.Files.Safetensors;
using Emergence.Models;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Models;

/// <summary>Activations of every family, rotation and form of a checkpoint against those of another implementation.</summary>
public sealed class FamilyTests
{
    /// <summary>Those with experts.</summary>
    internal static readonly string[] Mixtures =
    [
        "deepseek-v2", "deepseek-v3", "ernie4_5-moe", "gemma4-moe", "glm4-moe", "gpt-oss", "granite-moe", "llama4-text", "minimax-m2",
            "mixtral", "olmoe", "phimoe",
        "q-fp8-block-moe", "q-mxfp4", "qwen2-moe", "qwen3-moe",
    ];

    /// <summary>Those whose layers, or some of them, have a recurrence.</summary>
    internal static readonly string[] Recurrences =
        ["falcon-h1", "granite-hybrid", "lfm2", "mamba", "mamba2", "nemotron-h", "qwen3_5", "qwen3_5-moe"];

    internal static readonly string[] Folders =
    [
        "apertus", "arcee", "bloom", "codegen", "cohere", "cohere2", "ernie4_5", "exaone4", "falcon-alibi", "falcon-grouped", "falcon-mqa",
            "gemma4", "glm", "glm4",
        "gpt-bigcode", "gpt-neo", "granite", "headless-qwen3", "helium", "hunyuan-dense", "ministral3", "mpt", "nanochat", "nemotron",
            "nested-gemma3",
        "nested-mistral3", "olmo", "olmo3", "persimmon", "phi", "rope-dynamic", "rope-gemma3-linear", "rope-linear", "rope-longrope-long",
            "rope-longrope-short",
        "rope-yarn", "rope-yarn-full", "smollm3", "stablelm", "stablelm-2-12b", "starcoder2", "xglm",
        .. Mixtures, .. Recurrences,
    ];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var device in TestDevices.Names)
            {
                foreach (var folder in Folders)
                    cases.Add(folder, device.Data);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Boundaries_micro_rows_and_logits_equal_the_reference(string name, string deviceName) =>
        GoldenModelTests.CheckFolder(Folder(name), TestDevices.GetForLong(deviceName));

    /// <summary>However the rows are cut into calls, and whoever computes them.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Batches_and_threads_do_not_change_a_byte(string name)
    {
        using var golden = Golden(name);
        var sequences = GoldenModelTests.Sequences(golden, "input_ids");
        byte[]? expected = null;
        foreach (var threads in (int[])[1, 2])
        {
            using var device = DeviceTable.Create("cpu", new() { Threads = threads });
            using var model = LanguageModel.Load(Folder(name), device);
            foreach (var batch in (int[])[1, 2, sequences.Length])
            {
                using var stream = new MemoryStream();
                foreach (var part in sequences.Chunk(batch))
                {
                    using var captured = GoldenModelTests.Captured(model, part, CaptureKind.Macro, logits: false);
                    stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(
                        captured.ReadSingles($"boundary.{model.Layers}").AsSpan()));
                }

                expected ??= stream.ToArray();
                Assert.Equal(expected, stream.ToArray());
            }
        }
    }

    public static TheoryData<string> Names => [.. Folders];

    /// <summary>A few lie beside the tests.</summary>
    internal static string Folder(string name) =>
        TestData.Golden($"families/{name}") is var beside && Directory.Exists(beside) ? beside : TestData.Large($"golden/families/{name}");

    internal static SafetensorsFile Golden(string name) => SafetensorsFile.Open(Path.Combine(Folder(name), "golden.safetensors"));
}
