using System.Text.Json;

namespace Emergence.Tests.Cli;

/// <summary>The noisy channel as a member of the grid, through the program.</summary>
public sealed class NoisyMeasureTests
{
    private static readonly string[] Measure =
        ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--device", "cpu", "--boundaries", "0,2,4"];

    [Fact]
    public void Macro_and_micro_cells_give_emergence_through_noise()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        var (code, output, error) = Child.Run(
            [.. Measure, "--estimator", "noisy-channel", "--sigma", "0.01,1,3,100", "--seeds", "2", "--out", run]);
        Assert.True(code == 0, error);
        Assert.Contains("With noise as large as the states themselves", output, StringComparison.Ordinal);

        var rows = MeasureTests.Show(run);
        var cells = rows.Where(row => row.TryGetProperty("kind", out _)).ToList();
        Assert.Equal(2 * 3 * 4 * 2, cells.Count);
        var curves = rows.Where(row => row.TryGetProperty("ie_sigma_bits", out _)).ToList();
        Assert.Equal(4 * 3 * 4, curves.Count);
        foreach (var row in curves)
        {
            var (sigma, tokens, bits) = (Of(row, "sigma"), Of(row, "tokens"), Of(row, "ie_sigma_bits"));
            var limit = tokens switch { 1 => 0, 2 => Math.Log2(25) / 2, 3 => Math.Log2(600) - 2 * Math.Log2(25) / 3,
                _ => Math.Log2(600) - Math.Log2(25) / 2 };
            Assert.Equal(limit, Of(row, "limit_ie_bits"), 1e-9);

            // The whole of one token is that token, whatever the noise.
            if (tokens == 1)
                Assert.Equal((0, 0, 0), (bits, Of(row, "ie_sigma_lo_bits"), Of(row, "ie_sigma_hi_bits")));
            else if (sigma == 0.01)
                Assert.Equal(limit, bits, 0.02);
            else if (sigma == 100)
                Assert.InRange(bits, -0.05, 0.1);
            else
                Assert.InRange(bits, Of(row, "ie_sigma_lo_bits") + 1e-6, Of(row, "ie_sigma_hi_bits") - 1e-6);
        }

        // The cells' own emergence is that at sigma 1.
        var own = rows.Where(row => row.TryGetProperty("ie_bits", out _)).ToList();
        Assert.NotEmpty(own);
        foreach (var row in own)
        {
            var same = curves.Single(curve => Of(curve, "sigma") == 1 && Of(curve, "boundary") == Of(row, "boundary")
                && Of(curve, "tokens") == Of(row, "tokens"));
            Assert.Equal(Of(same, "ie_sigma_bits"), Of(row, "ie_bits"), 1e-9);
            Assert.Equal(Of(same, "ie_sigma_lo_bits"), Of(row, "lo"), 1e-9);
        }
    }

    /// <summary>The same quantity by other draws: the grid against the curves of the verb noise, within the errors of both.</summary>
    [Fact]
    public void The_grid_and_the_curves_agree()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        Assert.Equal(0, Child.Run([.. Measure, "--estimator", "exact", "--sigma", "0.5,2", "--noise", "normed", "--out", run]).Code);
        var grid = MeasureTests.Show(run)
            .Where(row => row.TryGetProperty("left_bits", out _) && row.GetProperty("side").ValueEquals("macro")).ToList();
        Assert.Equal(2 * 3 * 4, grid.Count);
        var curves = JsonDocument.Parse(Child.Run("noise", "--model", "stories260k", "--data", "words", "--shots", "2", "--boundaries",
            "1,3,5", "--positions", "0-3", "--sigmas", "0.5,2", "--noise", "normed", "--json", "--device", "cpu").Out).RootElement
            .EnumerateArray().ToList();
        foreach (var cell in grid)
        {
            var curve = curves.Single(row => Of(row, "sigma") == Of(cell, "sigma") && Of(row, "boundary") == Of(cell, "boundary") + 1
                && Of(row, "position") == Of(cell, "position"));
            var error = double.Hypot(Of(cell, "left_bits_se"), Of(curve, "mi_bits_se"));
            Assert.InRange(Of(cell, "left_bits") - Of(curve, "mi_bits"), -4 * error - 1e-6, 4 * error + 1e-6);
        }
    }

    [Fact]
    public void Every_estimator_has_the_two_numbers_and_they_lead()
    {
        var (folder, runs) = (TestData.TemporaryFolder(), new List<string>());
        foreach (var seed in new[] { "1", "2" })
        {
            runs.Add(Path.Combine(folder, seed));
            var (code, output, error) = Child.Run(
                [.. Measure, "--estimator", "exact", "--seed", seed, "--sequences", "300", "--out", runs[^1]]);
            Assert.True(code == 0, error);
            Assert.InRange(output.IndexOf("e_1_bits", StringComparison.Ordinal), 0, output.IndexOf("e_bits", StringComparison.Ordinal));
            Assert.Contains("sigma_half", output, StringComparison.Ordinal);
        }

        var page = File.ReadAllText(Path.Combine(runs[0], "report.html"));
        Assert.Contains("With noise as large as the states themselves", page, StringComparison.Ordinal);
        Assert.Contains("Half is gone at", page, StringComparison.Ordinal);

        var rows = MeasureTests.Show(runs[0]).Where(row => row.TryGetProperty("ie_1_bits", out _) && Of(row, "tokens") == 4).ToList();
        Assert.Equal(3, rows.Count);
        foreach (var row in rows)
        {
            Assert.InRange(Of(row, "sigma_half"), Of(row, "sigma_half_lo"), Of(row, "sigma_half_hi"));
            Assert.InRange(Of(row, "sigma_half"), 0.5, 8);
        }

        var compared = Child.Run("compare", runs[0], runs[1], "-o", "json");
        Assert.True(compared.Code == 0, compared.Error);
        var both = JsonDocument.Parse(compared.Out).RootElement.EnumerateArray().ToList();
        Assert.True(both[0].TryGetProperty("first_left_bits", out _) && both[0].TryGetProperty("first_sigma_half", out _));

        // Layers 0, 2 and 4 stand in this order, whatever half of the lists is drawn: after two words each has states further apart.
        var order = both.Where(row => row.TryGetProperty("ie_1_rho", out _)).ToList();
        Assert.Equal([2, 3, 4], order.Select(row => Of(row, "tokens")));
        Assert.All(order, row => Assert.Equal(3, Of(row, "layers")));
        Assert.All(
            order.Where(row => Of(row, "tokens") > 2), row => Assert.Equal((1, 1), (Of(row, "ie_1_rho"), Of(row, "sigma_half_rho"))));
    }

    [Fact]
    public void Without_sigma_nothing_is_read_through_noise()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        var (code, output, error) = Child.Run([.. Measure, "--estimator", "exact", "--sigma", "none", "--out", run]);
        Assert.True(code == 0, error);
        Assert.DoesNotContain("sigma", output, StringComparison.Ordinal);
        Assert.DoesNotContain("noise", File.ReadAllText(Path.Combine(run, "results.jsonl")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--sigma 0,1: expected positive numbers", "--sigma", "0,1")]
    [InlineData("--sigma one: expected positive numbers", "--sigma", "one")]
    [InlineData("--sigma none: estimator 'noisy-channel' reads cells through noise", "--sigma", "none", "--estimator", "noisy-channel")]
    [InlineData("preset 'paper' is not for estimator 'resolved': expected small", "--estimator", "resolved", "--preset", "paper")]
    public void A_mistake_is_said_in_one_line(string expected, params string[] options)
    {
        var (code, _, error) = Child.Run([.. Measure, .. options, "--out", Path.Combine(TestData.TemporaryFolder(), "run")]);
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private static double Of(JsonElement row, string name) => row.GetProperty(name).GetDouble();
}
