using System.Text.Json;
using Emergence.Models.Vision;

namespace Emergence.Tests.Models.Vision;

public sealed class ResamplingTests
{
    /// <summary>12 x 20 bytes.</summary>
    internal static Picture Bytes { get; } = new(12, 20,
        [.. Enumerable.Range(0, 240).Select(i => (37 * i + 11 * i * i) % 256 / 255f)]);

    [Fact]
    public void Every_filter_makes_the_bytes_that_Pillow_makes()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden("clip-tiny/golden.json")));
        foreach (var entry in golden.RootElement.GetProperty("resized").EnumerateObject())
        {
            var words = entry.Name.Split('/', 'x');
            var found = Resampling.Resize(Bytes, int.Parse(words[1]), int.Parse(words[2]), (Resample)int.Parse(words[0]),
                asBytes: true);
            var expected = entry.Value.EnumerateArray().Select(value => value.GetInt32()).ToArray();
            Assert.Equal(expected.Length, found.Pixels.Length);
            for (var i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], (int)Math.Round(255 * found.Pixels[i]));
        }
    }

    [Fact]
    public void Cells_are_tiled_row_by_row()
    {
        var cells = Enumerable.Range(0, 6).Select(cell => new Picture(1, 2, [cell, cell + 0.5f])).ToList();

        var tiled = Picture.Tile(cells, 3);

        Assert.Equal((2, 6), (tiled.Rows, tiled.Columns));
        Assert.Equal([0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4.5f, 5, 5.5f], tiled.Pixels);
    }
}
