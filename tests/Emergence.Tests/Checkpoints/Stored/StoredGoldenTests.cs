using Emergence.Devices.Cpu;
using Emergence.Models;
using Emergence.Tests.Devices;
using Emergence.Tests.Models;

namespace Emergence.Tests.Checkpoints.Stored;

/// <summary>Quantised checkpoints as they are published, against values of the unpacked weights.</summary>
public sealed class StoredGoldenTests
{
    private static readonly (string Folder, string Words)[] Folders =
    [
        ("q-awq", "awq, 4 bits, groups of 32"),
        ("q-bnb-int8", "bitsandbytes int8"),
        ("q-bnb-nf4", "bitsandbytes nf4, double quantised"),
        ("q-fp8-block", "fp8, a scale for 64 x 32 weights"),
        ("q-fp8-channel", "compressed-tensors, fp8, a scale an output"),
        ("q-fp8-tensor", "fp8, a scale a matrix or row"),
        ("q-gptq", "gptq, 4 bits, groups of 32"),
        ("q-int4-packed", "compressed-tensors, int4, symmetric, a scale a group of 32"),
        ("q-nvfp4", "compressed-tensors, nvfp4, groups of 16"),
    ];

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (var device in TestDevices.Names)
            {
                foreach (var (folder, words) in Folders)
                    cases.Add(folder, words, device.Data);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Boundaries_micro_rows_and_logits_equal_the_reference(string name, string words, string deviceName)
    {
        var folder = TestData.Large($"golden/families/{name}");
        Assert.Equal(words, ModelConfig.Read(folder, strict: true).Quantization);
        GoldenModelTests.CheckFolder(folder, TestDevices.GetForLong(deviceName));
    }

    /// <summary>The weights stay packed; what is unpacked is one matrix.</summary>
    [Fact]
    public void A_quantised_model_takes_the_memory_of_its_file()
    {
        using var device = new CpuDevice(new());
        foreach (var (name, _) in Folders)
        {
            var folder = TestData.Large($"golden/families/{name}");
            using var model = LanguageModel.Load(folder, device);
            var file = new FileInfo(Path.Combine(folder, "model.safetensors")).Length;
            Assert.InRange(model.WeightBytes, 0.9 * file, 1.1 * file);
        }
    }
}
