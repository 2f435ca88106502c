namespace Emergence.Tests.Cli;

public sealed class SelfCheckTests
{
    private static readonly string[] Exact = ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--estimator",
        "exact", "--device", "reference", "--boundaries", "1,3"];

    [Fact]
    public void Relations_are_held_against_the_activations_of_the_run()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        Assert.Equal(0, Child.Run([.. Exact, "--out", run]).Code);
        Assert.DoesNotContain(MeasureTests.Show(run), row => row.TryGetProperty("claim", out _));

        // The same run goes on: no cell is measured again.
        var journal = File.ReadAllText(Path.Combine(run, "results.jsonl"));
        var (code, output, error) = Child.Run([.. Exact, "--out", run, "--self-check"]);
        Assert.True(code == 0, error);
        Assert.Contains("self-check: 12 of 12 relations hold", output);
        Assert.Equal(journal, File.ReadAllText(Path.Combine(run, "results.jsonl")));

        var lines = MeasureTests.Show(run).Where(row => row.TryGetProperty("claim", out _)).ToList();
        Assert.Equal([1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3], lines.Select(line => line.GetProperty("boundary").GetInt32()));
        Assert.All(lines, line =>
            Assert.Equal((3, "holds"), (line.GetProperty("position").GetInt32(), line.GetProperty("result").GetString())));

        // 64 of 600 prefixes, all kept apart: 6 bits; two copies of 16: 8 bits.
        Assert.Equal(6, lines[4].GetProperty("found_bits").GetDouble(), 1e-9);
        Assert.Equal(8, lines[3].GetProperty("found_bits").GetDouble(), 1e-9);
        Assert.Contains("12 of 12 relations hold", File.ReadAllText(Path.Combine(run, "report.html")));

        // A later start without the option keeps what is known.
        Assert.Contains("12 of 12 relations hold", Child.Run([.. Exact, "--out", run]).Out);
    }

    [Fact]
    public void A_damaged_file_is_one_line()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        Assert.Equal(0, Child.Run([.. Exact, "--out", run, "--positions", "0"]).Code);
        File.WriteAllText(Path.Combine(run, "self_check.json"), "[{}]");
        var (code, output, error) = Child.Run("show", run);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("self_check.json is damaged", error);
    }
}
