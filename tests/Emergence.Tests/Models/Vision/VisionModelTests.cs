using System.Text.Json;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Models.Vision;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Models.Vision;

public sealed class VisionModelTests
{
    public static TheoryData<string> DeviceNames => [.. TestDevices.Names.Select(row => row.Data)];

    [Theory]
    [MemberData(nameof(DeviceNames))]
    public void A_whole_clip_model_yields_what_another_program_does(string device)
    {
        const double tolerance = 1e-5;
        using var golden = Read("clip-tiny/golden.json");
        var (hidden, embeddings) = Run(TestData.Golden("clip-tiny"), TestDevices.Get(device), 3);

        for (var boundary = 0; boundary < 3; boundary++)
            AssertClose(Numbers(golden, "hidden", boundary), hidden[boundary][(2 * 10 * 12)..], tolerance);
        for (var image = 0; image < 3; image++)
            AssertClose(Numbers(golden, "image_embeds", image), embeddings[image], tolerance);
    }

    [Fact]
    public void A_vision_model_with_quick_gelu_yields_what_another_program_does()
    {
        using var golden = Read("clip-vision.json");
        var (hidden, embeddings) = Run(TestData.Large("golden/clip-vision"), TestDevices.Get("cpu"), 2);

        for (var boundary = 0; boundary < 4; boundary++)
        {
            double[] some = [.. from place in (int[])[0, 5, 16] from column in (int[])[0, 16, 32]
                select hidden[boundary][(17 + place) * 48 + column]];
            AssertClose(Numbers(golden, "hidden", boundary), some, 1e-5);
        }

        for (var image = 0; image < 2; image++)
            AssertClose(Numbers(golden, "image_embeds", image), embeddings[image], 1e-5);
    }

    [Fact]
    public void The_golden_values_of_transformers_are_met()
    {
        var folder = TestData.Large("golden/clip-vision");
        var file = TestData.Large("golden/clip-vision/golden.safetensors");
        using var device = DeviceTable.Create("cpu", new());
        using var golden = SafetensorsFile.Open(file);
        using var model = VisionModel.Load(folder, device);
        var pixels = golden.ReadSingles("pixel_values");
        var count = (int)golden.Tensors["pixel_values"].Shape[0];
        var hidden = new List<double[]>();
        var embeddings = model.Run(pixels, count, (_, rows) => hidden.Add(Download(device, rows)));

        for (var boundary = 0; golden.Tensors.ContainsKey($"hidden.{boundary}"); boundary++)
            AssertClose(golden.ReadDoubles($"hidden.{boundary}"), hidden[boundary], 1e-5);
        AssertClose(golden.ReadDoubles("image_embeds"), [.. embeddings.SelectMany(row => row)], 1e-5);
    }

    [Fact]
    public void A_picture_is_resized_cropped_and_normalised_as_the_folder_says()
    {
        using var golden = Read("clip-tiny/golden.json");
        using var device = DeviceTable.Create("cpu", new());
        using var model = VisionModel.Load(TestData.Golden("clip-tiny"), device);
        var found = model.Embed([ResamplingTests.Bytes]);

        AssertClose([.. golden.RootElement.GetProperty("picture_embeds").EnumerateArray().Select(x => x.GetDouble())], found[0], 1e-5);
    }

    [Theory]
    [InlineData("\"patch_size\": 4", "\"patch_size\": 5", "is [10,12], but config.json asks for [5,12]")]
    [InlineData("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "missing weight 'model.vision_model.encoder.layers.2.")]
    [InlineData("\"patch_size\": 4", "\"patch_size\": 99", "patch_size=99 is over image_size=14")]
    [InlineData("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"gulu\"", "hidden_act 'gulu' is not supported")]
    [InlineData("\"model_type\": \"clip\"", "\"model_type\": \"bert\"", "model_type 'bert' is no vision model")]
    [InlineData("\"vision_config\"", "\"vision\"", "vision_config is missing")]
    public void A_folder_that_contradicts_itself_is_refused(string from, string to, string expected)
    {
        var folder = TestData.TemporaryFolder();
        TestData.CopyFiles(TestData.Golden("clip-tiny"), folder);
        var config = Path.Combine(folder, "config.json");
        var text = File.ReadAllText(config);
        Assert.Contains(from, text);
        File.WriteAllText(config, text.Replace(from, to));
        using var device = DeviceTable.Create("cpu", new());

        Assert.Contains(expected, Assert.Throws<EmergenceException>(() => VisionModel.Load(folder, device)).Message);
    }

    /// <summary>Attention to all places: every leaf comes after all the others, each once.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(50)]
    [InlineData(257)]
    public void The_path_to_every_place_passes_all_places_once(int places)
    {
        using var device = DeviceTable.Create("cpu", new());
        var paths = new VisionPaths(places);
        using var rows = paths.Rows(device, 2);
        var (parents, at) = (Indices(device, rows.Paths.Parents), Indices(device, rows.Tokens));

        for (var leaf = 0; leaf < 2 * places; leaf++)
        {
            var path = new List<int>();
            for (var row = rows.Context + leaf; row >= 0; row = parents[row])
                path.Add(at[row]);
            Assert.Equal(leaf % places, path[0]);
            Assert.Equal(Enumerable.Range(0, places), path.Order());
        }
    }

    private static (List<double[]> Hidden, double[][] Embeddings) Run(string folder, Device device, int count)
    {
        using var model = VisionModel.Load(folder, device);
        var size = model.Config.ImageSize;
        var pixels = Enumerable.Range(0, count * 3 * size * size).Select(i => (float)Math.Sin(0.37 * i + 0.0011 * i * (i % 7))).ToArray();
        var hidden = new List<double[]>();
        return (hidden, model.Run(pixels, count, (_, rows) => hidden.Add(Download(device, rows))));
    }

    private static double[] Download(Device device, Tensor rows)
    {
        var values = new double[rows.Count];
        device.Download(rows, values);
        return values;
    }

    private static int[] Indices(Device device, Tensor tensor)
    {
        var bytes = new byte[4 * tensor.Count];
        device.Download(tensor, bytes.AsSpan());
        return [.. bytes.Chunk(4).Select(four => BitConverter.ToInt32(four))];
    }

    private static JsonDocument Read(string golden) => JsonDocument.Parse(File.ReadAllBytes(TestData.Golden(golden)));

    private static double[] Numbers(JsonDocument golden, string name, int row) =>
        [.. golden.RootElement.GetProperty(name)[row].EnumerateArray().Select(x => x.GetDouble())];

    private static void AssertClose(double[] expected, double[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        var scale = Math.Max(1, expected.Max(Math.Abs));
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance * scale, $"{i}: expected {expected[i]}, found {found[i]}");
    }
}
