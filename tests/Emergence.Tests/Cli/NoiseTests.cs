using System.Text.Json;

namespace Emergence.Tests.Cli;

public sealed class NoiseTests
{
    [Fact]
    public void A_curve_over_noise_falls_from_the_entropy()
    {
        var picture = Path.Combine(TestData.TemporaryFolder(), "noise.svg");
        var (code, output, error) = Child.Run("noise", "--model", "stories260k", "--data", "words", "--shots", "2", "--boundaries", "1,5",
            "--positions", "0,2", "--sigmas", "0.01,0.5,2,100", "--svg", picture, "--json", "--device", "cpu");
        Assert.True(code == 0, error);
        var rows = JsonDocument.Parse(output).RootElement.EnumerateArray().ToList();
        Assert.Equal(2 * 2 * 4, rows.Count);
        foreach (var curve in rows.Chunk(4))
        {
            var bits = curve.Select(row => row.GetProperty("mi_bits").GetDouble()).ToList();
            var most = curve[0].GetProperty("position").GetInt32() == 0 ? Math.Log2(25) : Math.Log2(600);
            Assert.Equal(most, curve[0].GetProperty("h_prefix_bits").GetDouble(), 1e-9);
            Assert.Equal(most, bits[0], 0.02);
            Assert.All(bits.Zip(bits.Skip(1)), pair => Assert.True(pair.Second <= pair.First));
            Assert.InRange(bits[3], 0, 0.1);
            Assert.InRange(curve[2].GetProperty("mi_bits_se").GetDouble(), 1e-4, 0.1);
        }

        Assert.Contains("boundary 5, t2", File.ReadAllText(picture));
    }
}
