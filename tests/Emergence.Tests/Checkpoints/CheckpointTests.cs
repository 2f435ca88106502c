using System.Security.Cryptography;
using System.Text;
using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;
using static Emergence.Tests.Checkpoints.Forge;

namespace Emergence.Tests.Checkpoints;

public sealed class CheckpointTests
{
    private const string First = "model-00001-of-00002.safetensors";
    private const string Second = "model-00002-of-00002.safetensors";

    [Fact]
    public void Shards_are_one_checkpoint()
    {
        using var checkpoint = Checkpoint.Open(
            Sharded($$$"""{"metadata":{"total_size":12},"weight_map":{"b":"{{{Second}}}","a":"{{{First}}}"}}"""));
        Assert.Equal(["a", "b"], checkpoint.Tensors.Keys.Order());
        Assert.Equal(12, checkpoint.TotalBytes);
        Assert.Empty(checkpoint.Warnings);
        var bytes = new byte[4];
        checkpoint.Read("b", 4, bytes);
        Assert.Equal(3, BitConverter.ToSingle(bytes));

        // What `sha256sum *.safetensors | sha256sum` prints.
        var lines = $"{Hex(Singles("a", 1))}  {First}\n{Hex(Singles("b", 2, 3))}  {Second}\n";
        Assert.Equal(Hex(Encoding.ASCII.GetBytes(lines)), checkpoint.Identity);
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b.safetensors")]
    [InlineData("a\\\\b.safetensors")]
    [InlineData("C:x.safetensors")]
    [InlineData("a\\u0000b")]
    [InlineData("..")]
    [InlineData("")]
    public void Row_36_a_shard_name_must_stay_in_the_folder(string shard)
    {
        var folder = Sharded($$$"""{"weight_map":{"a":"{{{shard}}}"}}""");
        Assert.Contains("shard name must be a plain file name, found", Message(() => Checkpoint.Open(folder).Dispose()));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"x.safetensors"}}""", "names shard 'x.safetensors', which is not in the folder")]
    [InlineData("""{"weight_map":{"a":"F","b":"S","c":"S"}}""", "says tensor 'c' is in 'S', but it is not")]
    [InlineData("""{"weight_map":{"a":"S","b":"S"}}""", "says tensor 'a' is in 'S', but it is not")]
    [InlineData("""{"weight_map":{"a":"F","b":"S","a":"S"}}""", "duplicate tensor name 'a'")]
    [InlineData("""{"weight_map":{"a":"F"},"weight_map":{}}""", "duplicate field 'weight_map'")]
    [InlineData("""{"weight_map":{"a":1}}""", "the shard of 'a' must be a string, found 1")]
    [InlineData("""{"weight_map":[]}""", "weight_map must be an object")]
    [InlineData("""{"metadata":{}}""", "index has no weight_map, or an empty one")]
    [InlineData("[]", "index must be an object")]
    [InlineData("""{"weight_map":""", "index is not valid JSON at byte 14")]
    [InlineData("", "index is not valid JSON at byte 0")]
    public void Row_37_an_index_that_does_not_match_is_refused(string index, string expected)
    {
        var folder = Sharded(index.Replace("\"F\"", $"\"{First}\"").Replace("\"S\"", $"\"{Second}\""));
        Assert.Contains(expected.Replace("'S'", $"'{Second}'"), Message(() => Checkpoint.Open(folder).Dispose()));
    }

    [Fact]
    public void Row_37_a_tensor_in_two_shards_is_refused()
    {
        var folder = Folder(
            (First, Singles("a", 1)), (Second, Singles("a", 2)),
            ("model.safetensors.index.json", Encoding.UTF8.GetBytes($$$"""{"weight_map":{"a":"{{{First}}}","b":"{{{Second}}}"}}""")));
        Assert.Contains($"tensor 'a' is in two shards: {First} and this one", Message(() => Checkpoint.Open(folder).Dispose()));
    }

    [Fact]
    public void Row_37_too_many_shards_are_refused()
    {
        var map = string.Join(',', Enumerable.Range(0, 1_000_000).Select(i => $"\"{i}\":\"s{i}\""));
        Assert.Contains("over 1000 shards", Message(() => Checkpoint.Open(Sharded($$$"""{"weight_map":{{{{map}}}}}""")).Dispose()));
    }

    [Theory]
    [InlineData("13")]
    [InlineData("12.0")]
    [InlineData("\"12\"")]
    public void Row_37_a_wrong_total_size_only_warns(string total)
    {
        using var checkpoint = Checkpoint.Open(
            Sharded($$$"""{"metadata":{"total_size":{{{total}}},"x":[1]},"weight_map":{"a":"{{{First}}}","b":"{{{Second}}}"}}"""));
        Assert.Contains("the tensors take 12 bytes", Assert.Single(checkpoint.Warnings));
    }

    [Fact]
    public void Folders_without_safetensors_say_what_they_hold()
    {
        Assert.Contains("only 'pytorch_model.bin', a pickle: refused, it can run code", Refusal("pytorch_model.bin"));
        Assert.Contains("only 'consolidated.00.pth', a pickle: refused", Refusal("consolidated.00.pth"));
        Assert.Contains("only 'model.gguf', a GGUF file: use the safetensors files that it was made from", Refusal("model.gguf"));
        Assert.EndsWith("no model.safetensors or model.safetensors.index.json", Refusal("config.json"));
        Assert.Contains("expected a model folder, it is absent", Message(() => Checkpoint.Open("/nowhere").Dispose()));
        Assert.Contains("expected a model folder, it is a file", Message(() => Checkpoint.Open(Write([1])).Dispose()));
        Assert.Contains("the checkpoint has no tensors",
            Message(() => Checkpoint.Open(Folder(("model.safetensors", Safetensors("{}", 0)))).Dispose()));
    }

    [Theory]
    [InlineData("F32", DType.Float32, "0000803F", "000080FF", "0100807F")]
    [InlineData("F64", DType.Float64, "000000000000F03F", "000000000000F07F", "010000000000F0FF")]
    [InlineData("F16", DType.Float16, "003C", "007C", "01FC")]
    [InlineData("BF16", DType.BFloat16, "803F", "80FF", "817F")]
    public void Row_35_weights_keep_their_type_and_non_finite_ones_are_refused(
        string stored, DType type, string one, string infinite, string nan)
    {
        // 20 rows of 7, so that elements lie in whole vectors and in the rest of a vector.
        var ones = Enumerable.Repeat(one, 140).ToArray();
        using var device = new ReferenceDevice();
        using (var checkpoint = Checkpoint.Open(Matrix(stored, ones)))
        using (var tensor = checkpoint.Load(device, "wte.weight", 20, 7))
        {
            Assert.Equal((type, 20, 7), (tensor.Type, tensor.Rows, tensor.Columns));
            var bytes = new byte[140 * type.Size()];
            device.Download(tensor, bytes);
            Assert.Equal(Convert.FromHexString(string.Concat(ones)), bytes);
        }

        ones[17 * 7 + 4] = ones[18 * 7] = ones[139] = nan;
        Assert.Contains("wte.weight: 3 NaN, first at [17,4]; --allow-nonfinite", LoadMessage(Matrix(stored, ones), device, 20, 7));
        ones[3] = infinite;
        Assert.Contains("wte.weight: 3 NaN and 1 infinite, first at [0,3]", LoadMessage(Matrix(stored, ones), device, 20, 7));
        using (var checkpoint = Checkpoint.Open(Matrix(stored, ones)))
            checkpoint.Load(device, "wte.weight", 20, 7, allowNonFinite: true).Dispose();
    }

    [Fact]
    public void Loading_checks_name_type_and_shape()
    {
        using var device = new ReferenceDevice();
        Assert.Contains("tensor 'wte.weight' is [20,7], expected [7,20]",
            LoadMessage(Matrix("F16", Enumerable.Repeat("003C", 140)), device, 7, 20));
        Assert.Contains("tensor 'wte.weight': dtype I64 not supported for weights",
            LoadMessage(Matrix("I64", Enumerable.Repeat(new string('0', 16), 140)), device, 20, 7));
        using var checkpoint = Checkpoint.Open(Folder(("model.safetensors", Singles("v", 1, 2, 3))));
        Assert.Contains("missing weight 'w'", Message(() => checkpoint.Load(device, "w", 1, 3).Dispose()));
        checkpoint.Load(device, "v", 1, 3).Dispose();
        checkpoint.Load(device, "v", 3, 1).Dispose();
    }

    private static string Sharded(string index) => Folder(
        (First, Singles("a", 1)), (Second, Singles("b", 2, 3)), ("model.safetensors.index.json", Encoding.UTF8.GetBytes(index)));

    private static string Refusal(string name) => Message(() => Checkpoint.Open(Folder((name, [1, 2, 3]))).Dispose());

    /// <summary>A checkpoint with one [20,7] matrix of the given elements in hex.</summary>
    private static string Matrix(string dtype, IEnumerable<string> elements)
    {
        var data = Convert.FromHexString(string.Concat(elements));
        var header = Header(Tensor("wte.weight", dtype, "20,7", $"0,{data.Length}"));
        return Folder(("model.safetensors", Safetensors(Encoding.UTF8.GetBytes(header), data)));
    }

    private static string LoadMessage(string folder, Device device, int rows, int columns)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return Message(() => checkpoint.Load(device, "wte.weight", rows, columns).Dispose());
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
