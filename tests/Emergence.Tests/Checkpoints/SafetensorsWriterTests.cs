using System.Runtime.InteropServices;
using System.Text;
using Emergence.Files.Safetensors;
using static Emergence.Tests.Checkpoints.Forge;

namespace Emergence.Tests.Checkpoints;

public sealed class SafetensorsWriterTests
{
    private static readonly TensorDeclaration[] Declared =
        [new("flag", "U8", [3]), new("wide \"ü\"", "F32", [2, 2]), new("none", "F32", [0, 4])];

    [Fact]
    public void What_is_written_is_read_back_and_is_valid_to_the_reference()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "out.safetensors");
        WriteDeclared(path);
        Assert.True(ReferenceRules.Accepts(File.ReadAllBytes(path)));
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([1, 2, 3], file.ReadInt32("flag"));
        Assert.Equal([1, 2, 3, 4], file.ReadSingles("wide \"ü\""));
        Assert.Equal([2, 2], file.Tensors["wide \"ü\""].Shape);
        Assert.Empty(file.ReadSingles("none"));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "2", ["b"] = "1" }, file.Metadata);
        Assert.All(file.Tensors.Values, tensor => Assert.Equal(0, tensor.Begin % (tensor.DType == "U8" ? 1 : 4)));
        Assert.Equal(0, BitConverter.ToInt64(File.ReadAllBytes(path)) % 8);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Equal_content_gives_equal_bytes_and_a_plain_header()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "out.safetensors");
        using (var writer = SafetensorsWriter.Create(path, [new("t", "F32", [1])]))
        {
            writer.Append("t", [0, 0, 128, 63]);
            writer.Commit();
        }

        const string Text = """{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""";
        Assert.Equal(Safetensors(Encoding.ASCII.GetBytes(Text.PadRight(56)), [0, 0, 128, 63]), File.ReadAllBytes(path));
        WriteDeclared(path);
        var bytes = File.ReadAllBytes(path);
        WriteDeclared(path);
        Assert.Equal(bytes, File.ReadAllBytes(path));
    }

    [Fact]
    public void Without_a_commit_the_old_file_stays_and_nothing_is_left()
    {
        var path = Write([1, 2, 3]);
        using (var writer = SafetensorsWriter.Create(path, Declared))
        {
            writer.Append("flag", [1]);
            Assert.Throws<ArgumentException>(() => writer.Append("flag", [1, 2, 3]));
            Assert.Throws<InvalidOperationException>(writer.Commit);
        }

        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error_about_the_disk()
    {
        var error = Assert.Throws<EmergenceException>(() => SafetensorsWriter.Create("/nowhere/out.safetensors", Declared));
        Assert.Equal(ExitCode.Disk, error.ExitCode);
        Assert.StartsWith("writing /nowhere/out.safetensors failed: ", error.Message);
    }

    private static void WriteDeclared(string path)
    {
        using var writer = SafetensorsWriter.Create(path, Declared, new Dictionary<string, string> { ["b"] = "1", ["a"] = "2" });
        writer.Append("wide \"ü\"", MemoryMarshal.AsBytes<float>([1, 2, 3]));
        writer.Append("flag", [1, 2, 3]);
        writer.Append("wide \"ü\"", MemoryMarshal.AsBytes<float>([4]));
        writer.Commit();
    }
}
