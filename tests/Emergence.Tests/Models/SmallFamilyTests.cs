using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Emergence.Capture;
using Emergence.Devices;
using Emergence.Files.Safetensors;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>
/// Every architecture on machines without the large test data: weights come from a formula, and what the last token of two sequences
/// has at every boundary, and alone, is what this program gave when all its activations were those of transformers.
/// EMERGENCE_WRITE_FAMILIES=1 writes the values anew from the configs of the large test data, which <see cref="FamilyTests"/> hold.
/// </summary>
public sealed partial class SmallFamilyTests
{
    private const string Packed = "small-families.jsonl.gz";
    private const int Tokens = 9, Columns = 4;
    private const double Tolerance = 1e-4;

    private static readonly string[] s_names =
    [
        .. FamilyTests.Folders.Where(name => !name.StartsWith("q-", StringComparison.Ordinal)).Concat(GoldenModelTests.Large).Order(
            StringComparer.Ordinal),
    ];

    private static readonly Lazy<Dictionary<string, JsonObject>> s_lines = new(() => Lines().ToDictionary(line => (string)line["name"]!));

    public static TheoryData<string> Names => [.. s_names];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_last_token_has_the_values_it_had(string name)
    {
        var line = s_lines.Value[name];
        double[] expected = [.. line["values"]!.AsArray().Select(value => (double)value!)], found = Values(Forge(line));
        Assert.Equal(expected.Length, found.Length);
        for (var row = 0; row < found.Length; row += Columns)
        {
            var size = expected.AsSpan(row, Columns).ToArray().Max(Math.Abs);
            for (var i = row; i < row + Columns; i++)
                Assert.True(Math.Abs(found[i] - expected[i]) <= Tolerance * size, $"value {i}: expected {expected[i]}, found {found[i]}");
        }
    }

    [Fact]
    public void The_file_is_written_when_that_is_asked_for()
    {
        if (Environment.GetEnvironmentVariable("EMERGENCE_WRITE_FAMILIES") != "1")
            Assert.Skip("EMERGENCE_WRITE_FAMILIES=1 writes the values anew");
        using var file = File.Create(Path.Combine(TestData.Repository, "tests/Emergence.Tests/Golden", Packed));
        using var packed = new GZipStream(file, CompressionLevel.SmallestSize);
        using var writer = new StreamWriter(packed);
        foreach (var name in s_names)
        {
            var folder = GoldenModelTests.Large.Contains(name) ? TestData.Large($"golden/models/{name}") : FamilyTests.Folder(name);
            var line = new JsonObject
            {
                ["name"] = name,
                ["config"] = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json"))),
                ["tensors"] = Tensors(folder),
            };
            line["values"] = new JsonArray([.. Values(Forge(line)).Select(value =>
                (JsonNode)double.Parse(value.ToString("G7", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))]);
            writer.Write(line.ToJsonString() + "\n");
        }
    }

    private static IEnumerable<JsonObject> Lines()
    {
        using var packed = new GZipStream(File.OpenRead(TestData.Golden(Packed)), CompressionMode.Decompress);
        using var reader = new StreamReader(packed);
        while (reader.ReadLine() is { } line)
            yield return JsonNode.Parse(line)!.AsObject();
    }

    /// <summary>Names with their shapes, layers that are alike in one: "layers.[0,1,2].norm".</summary>
    private static JsonObject Tensors(string folder)
    {
        var layers = new SortedDictionary<string, (SortedSet<int> Layers, long[] Shape)>(StringComparer.Ordinal);
        foreach (var path in Directory.GetFiles(folder, "*.safetensors").Where(path => Path.GetFileName(path) != "golden.safetensors"))
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var entry in file.Tensors.Values.Where(entry => entry.DType is "F32" or "F16" or "BF16"))
            {
                var layer = Layer().Match(entry.Name);
                var name = $"{Layer().Replace(entry.Name, "[#].", 1)} {string.Join('x', entry.Shape)}";
                if (!layers.TryGetValue(name, out var known))
                    layers[name] = known = ([], [.. entry.Shape]);
                known.Layers.Add(layer.Success ? int.Parse(layer.Groups[1].Value, CultureInfo.InvariantCulture) : -1);
            }
        }

        return new(layers.Select(pair => KeyValuePair.Create(
            pair.Key.Split(' ')[0].Replace("[#]", $"[{string.Join(',', pair.Value.Layers)}]", StringComparison.Ordinal),
            (JsonNode?)new JsonArray([.. pair.Value.Shape.Select(size => (JsonNode)size)]))));
    }

    /// <summary>The checkpoint with the weights of the formula.</summary>
    private static string Forge(JsonObject line)
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "config.json"), line["config"]!.ToJsonString());
        var tensors = new SortedDictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var (name, shape) in line["tensors"]!.AsObject())
        {
            var layers = Choice().Match(name);
            foreach (var layer in layers.Success ? layers.Groups[1].Value.Split(',') : [""])
                tensors.Add(Choice().Replace(name, layer, 1), [.. shape!.AsArray().Select(size => (long)size!)]);
        }

        using var writer = SafetensorsWriter.Create(Path.Combine(folder, "model.safetensors"),
            [.. tensors.Select(tensor => new TensorDeclaration(tensor.Key, "F32", [.. tensor.Value]))]);
        foreach (var (name, shape) in tensors)
            writer.Append(name, System.Runtime.InteropServices.MemoryMarshal.AsBytes(Weights(name, shape).AsSpan()));
        writer.Commit();
        return folder;
    }

    /// <summary>Even between -a and a, a^2 = 3 / columns, so that products keep their size; vectors near 1 in norms, else near 0.</summary>
    private static float[] Weights(string name, long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        var start = name.Aggregate(2166136261u, (hash, letter) => (hash ^ letter) * 16777619u);
        var isNorm = name.Contains("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal);
        var (middle, width) = shape.Length > 1 ? (0, Math.Sqrt(3.0 / shape[^1])) : (isNorm ? 1 : 0, 0.25);
        for (var i = 0; i < values.Length; i++)
        {
            var hash = start + (uint)i * 2654435769u;
            hash = (hash ^ (hash >> 16)) * 0x85EBCA6Bu;
            hash = (hash ^ (hash >> 13)) * 0xC2B2AE35u;
            values[i] = (float)(middle + width * ((hash ^ (hash >> 16)) / 2147483648.0 - 1));
        }

        return values;
    }

    /// <summary>By boundary and sequence: the first columns of the last token; then of the last tokens alone at the end.</summary>
    private static double[] Values(string folder)
    {
        using var device = DeviceTable.Create("cpu", new() { Threads = 1 });
        using var model = LanguageModel.Load(folder, device);
        int[][] sequences = [.. Enumerable.Range(0, 2).Select(n =>
            Enumerable.Range(0, Tokens).Select(t => (37 * n + 13 * t + 5) % model.Config.VocabularySize).ToArray())];
        using var macro = GoldenModelTests.Captured(model, sequences, CaptureKind.Macro, logits: false);
        using var micro = GoldenModelTests.Captured(model, sequences, CaptureKind.Micro, logits: false);
        return
        [
            .. Enumerable.Range(0, model.Layers + 1).SelectMany(layer => Last(macro, $"boundary.{layer}")),
            .. Last(micro, $"boundary.{model.Layers}"),
        ];

        IEnumerable<double> Last(SafetensorsFile file, string name)
        {
            var (values, width) = (file.ReadSingles(name), model.Width);
            return Enumerable.Range(0, sequences.Length).SelectMany(n =>
                Enumerable.Range(0, Columns).Select(i => (double)values[((n + 1) * Tokens - 1) * width + i]));
        }
    }

    [GeneratedRegex(@"(?<=\.)(\d+)\.")]
    private static partial Regex Layer();

    [GeneratedRegex(@"\[([\d,]+)\]")]
    private static partial Regex Choice();
}
