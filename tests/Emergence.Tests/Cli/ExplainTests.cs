using System.Text.Json;

namespace Emergence.Tests.Cli;

public sealed class ExplainTests
{
    [Fact]
    public void A_run_of_the_published_protocol_is_explained()
    {
        var folder = TestData.TemporaryFolder();
        var run = Path.Combine(folder, "run");
        var (code, _, error) = Child.Run("measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--estimator", "paper",
            "--preset", "demo", "--boundaries", "2", "--positions", "0,2", "--seeds", "1", "--device", "cpu", "--out", run);
        Assert.True(code == 0, error);
        Assert.Contains("explain_f.svg", Directory.GetFiles(Path.Combine(run, "figures")).Select(Path.GetFileName));
        Assert.Contains("Why the published protocol does not read the exact value", File.ReadAllText(Path.Combine(run, "report.html")));

        var picture = Path.Combine(folder, "why.svg");
        (code, var output, error) = Child.Run("explain", run, "--json", "--svg", picture);
        Assert.True(code == 0, error);
        using var json = JsonDocument.Parse(output);
        var cells = json.RootElement.EnumerateArray().Where(row => row.TryGetProperty("gap_bits", out _)).ToList();
        Assert.Equal(4, cells.Count);
        Assert.All(cells, cell =>
        {
            double Of(string name) => cell.GetProperty(name).GetDouble();
            Assert.Equal(Of("mi_bits") - Of("exact_bits"), Of("gap_bits"), 1e-9);
            Assert.Equal(Of("gap_bits"), Of("maximum_bits") + Of("coincidences_bits") + Of("critic_bits") + Of("slice_bits"), 1e-9);
        });

        // 600 sequences: mu = N / K, 24 at the first word and 1 at the second, where all sequences differ.
        Assert.Equal([24, 1, 24, 24], cells.Select(cell => Math.Round(cell.GetProperty("mu").GetDouble(), 6)));
        Assert.InRange(cells[1].GetProperty("mean_f").GetDouble(), 0.8, 1.2);

        // At the first word the small critic fits: V = I + log2(mu / F).
        Assert.InRange(cells[0].GetProperty("slope").GetDouble(), 0.9, 1.1);
        Assert.True(cells[0].GetProperty("gap_bits").GetDouble() > 0.5);

        // 400 fitted steps a cell, by F.
        var bins = json.RootElement.EnumerateArray().Where(row => row.TryGetProperty("mean_v_bits", out _)).ToList();
        Assert.Equal(4 * 400, bins.Sum(bin => bin.GetProperty("steps").GetInt32()));
        Assert.Contains(bins, bin => bin.GetProperty("f").GetDouble() == 0
            && bin.GetProperty("fitted_bits").ValueKind == JsonValueKind.Null);

        // Of 400 shuffles without repetition a share of 1/e has no fixed point.
        Assert.InRange(cells[1].GetProperty("steps_f_0").GetInt32(), 110, 185);
        Assert.All(new[] { picture, Path.Combine(folder, "why-causes.svg") }, path => Assert.StartsWith("<svg", File.ReadAllText(path)));

        Assert.DoesNotContain("\u2026", File.ReadAllText(Path.Combine(folder, "why-causes.svg")));

        (code, output, _) = Child.Run("explain", run);
        Assert.Equal(0, code);
        Assert.Contains("The largest gap: macro layer 2, word 1, seed 1 reads", output);
        Assert.Contains("None by the slice: its 64 columns are all there are.", output);
    }

    /// <summary>25 sequences of one word, of which each is another: a share of 1/e of the shuffles has no coincidence, and one of these the
    /// maximum.</summary>
    [Fact]
    public void Steps_without_a_coincidence_have_a_column_of_their_own()
    {
        var folder = TestData.TemporaryFolder();
        var (run, picture) = (Path.Combine(folder, "run"), Path.Combine(folder, "why.svg"));
        var (code, _, error) = Child.Run("measure", "--model", "stories260k", "--data", "words", "--shots", "1", "--estimator", "paper",
            "--preset", "demo", "--boundaries", "1", "--positions", "0", "--seeds", "1", "--device", "cpu", "--out", run);
        Assert.True(code == 0, error);
        (code, var output, error) = Child.Run("explain", run, "--json", "--svg", picture);
        Assert.True(code == 0, error);

        using var json = JsonDocument.Parse(output);
        var without = json.RootElement.EnumerateArray().First(row => row.TryGetProperty("f", out var f) && f.GetDouble() == 0);
        var (steps, most) = (without.GetProperty("steps").GetInt32(), without.GetProperty("max_v_bits").GetDouble());
        Assert.Equal(json.RootElement[0].GetProperty("mi_bits").GetDouble(), most);
        var svg = File.ReadAllText(picture);
        Assert.Contains(">F = 0</text>", svg);
        Assert.Contains(FormattableString.Invariant($">{steps} steps, V up to {most:F1}</text>"), svg);
        Assert.Contains(FormattableString.Invariant($"largest of F = 0, F = 0: {most:F3} bits"), svg);
    }

    [Fact]
    public void Other_runs_have_nothing_to_explain()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        Assert.Equal(0, Child.Run("measure", "--model", "stories260k", "--data", "words", "--shots", "1", "--estimator", "exact",
            "--boundaries", "0", "--device", "reference", "--out", run).Code);
        var (code, output, error) = Child.Run("explain", run);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("only the published protocol (--estimator paper)", error);
    }
}
