using Emergence.Checkpoints;
using Emergence.Files.Safetensors;

namespace Emergence.Tests.Checkpoints;

public sealed class GoldenFileTests
{
    [Fact]
    public void Every_reference_file_opens_and_its_tensors_cover_it()
    {
        var files = Directory.GetFiles(TestData.Large("golden"), "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (var path in files)
        {
            using var file = SafetensorsFile.Open(path);
            Assert.NotEmpty(file.Tensors);
            Assert.Equal(file.Length, file.Tensors.Values.Max(tensor => tensor.End));

            // Quantised weights are numbers only together with their scales.
            foreach (var tensor in file.Tensors.Values.Where(tensor => !tensor.DType.StartsWith("F8", StringComparison.Ordinal)))
                Assert.Equal(tensor.Count, file.ReadDoubles(tensor.Name).LongLength);
        }
    }

    [Fact]
    public void Metadata_are_those_the_reference_wrote()
    {
        using var file = SafetensorsFile.Open(TestData.Large("golden/mine/asymmetric.safetensors"));
        Assert.Equal("257", file.Metadata["n"]);
        Assert.Equal("48,24,12,6,3,1", file.Metadata["widths"]);
        using var model = SafetensorsFile.Open(TestData.Large("golden/models/gemma/model.safetensors"));
        Assert.Equal([new("format", "pt")], model.Metadata);
    }

    [Fact]
    public void The_sample_model_opens_and_its_identity_is_the_hash_of_its_file()
    {
        using var checkpoint = Checkpoint.Open(ModelReference.Resolve("stories260k"));
        var path = Path.Combine(TestData.Repository, "samples", "stories260k", "model.safetensors");
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))), checkpoint.Identity);
        Assert.Equal("F32", checkpoint.Tensors["model.norm.weight"].DType);
        Assert.Equal([64], checkpoint.Tensors["model.norm.weight"].Shape);
        Assert.Empty(checkpoint.Warnings);
    }
}
