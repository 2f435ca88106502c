using Emergence.Information;
using Emergence.Information.Statistics;
using Emergence.Measurement.Results;
using Emergence.Tests.Cli;
using Emergence.Tests.Reports;

namespace Emergence.Tests.Measurement;

public sealed class RunComparisonTests
{
    [Theory]
    [InlineData(0.3, 0.1, 0.5, "higher")]
    [InlineData(-0.3, -0.5, -0.1, "lower")]
    [InlineData(0.01, 0.005, 0.015, "same")]
    [InlineData(0.01, -0.3, 0.32, "cannot tell")]
    [InlineData(0.3, double.NaN, double.NaN, "cannot tell")]
    public void Verdicts_follow_from_the_interval(double mean, double low, double high, string expected) =>
        Assert.Equal(expected, RunComparison.Verdict(new Interval(mean, low, high, 0, 0)).Word());

    [Fact]
    public void On_the_same_sequences_seeds_are_taken_in_pairs()
    {
        var (first, second) = (SampleRun.Create(layers: 4, shots: 2, seeds: 3), SampleRun.Create(layers: 4, shots: 2, seeds: 3));

        // Whatever its seeds do, a run does not differ from itself.
        Assert.All(RunComparison.Of(first, second), row =>
            Assert.Equal((0, 0, 0, ComparisonVerdict.Same), (row.Difference.Mean, row.Difference.Low, row.Difference.High, row.Verdict)));
        Assert.Equal([1, 2, 3, 4], RunComparison.Of(first, second).Select(row => row.Tokens));

        // One seed has no interval, so that nothing can be told.
        var single = RunComparison.Of(SampleRun.Create(layers: 4, shots: 2, seeds: 1), SampleRun.Create(layers: 6, shots: 2, seeds: 1));
        Assert.Equal(ComparisonVerdict.CannotTell, single[^1].Verdict);
    }

    [Fact]
    public void A_quantised_model_beside_its_original_is_named_as_such()
    {
        var (original, quantised) = (SampleRun.Create(layers: 4, shots: 2, seeds: 1), SampleRun.Create(layers: 4, shots: 2, seeds: 1));
        Assert.Null(RunComparison.QuantizationNote(("a", original), ("b", quantised)));
        quantised.Manifest["model"]!["quantization"] = "gptq, 4 bits, groups of 128";
        Assert.Equal(
            "The models' weights are not stored alike, so that a difference may be one of the quantisation: a is stored in full; b is "
                + "quantised (gptq, 4 bits, groups of 128).",
            RunComparison.QuantizationNote(("a", original), ("b", quantised)));
        Assert.Null(RunComparison.QuantizationNote(("b", quantised), ("c", quantised)));
    }

    [Fact]
    public void Whatever_else_differs_is_said()
    {
        var run = SampleRun.Create(layers: 4, shots: 2, seeds: 3);
        Assert.Empty(RunComparison.Cautions(run, run));

        // All layers of both models: nothing to warn of.
        Assert.Empty(RunComparison.Cautions(run, SampleRun.Create(layers: 6, shots: 2, seeds: 3)));
        Assert.Equal(["only the second run has E(T) at T = 5-6"],
            RunComparison.Cautions(run, SampleRun.Create(layers: 4, shots: 3, seeds: 3)));

        var unfinished = new RunResults(run.Manifest, [.. run.Cells.Where(cell => cell.Cell.Boundary != 2 || cell.Cell.Position < 3)]);
        Assert.Equal(
            ["E(T) at T = 4 is the mean over the boundaries 0-3 of 4 in the first run and 0-1,3 of 4 in the second: a difference may be "
                + "one of the layers", "6 cells of the second run are not finished"],
            RunComparison.Cautions(run, unfinished));

        var own = SampleRun.Create(layers: 4, shots: 2, seeds: 3);
        own.Manifest["settings"]!["micro_position"] = "own";
        own.Manifest["data"]!["id"] = "other";
        Assert.Equal(2, RunComparison.Cautions(run, own).Count());
    }

    [Fact]
    public void The_verb_says_which_run_is_higher()
    {
        var folder = TestData.TemporaryFolder();
        string[] exact = ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--estimator", "exact", "--device", "cpu",
            "--out"];
        Assert.Equal(0, Child.Run([.. exact, Path.Combine(folder, "low"), "--boundaries", "0"]).Code);
        Assert.Equal(0, Child.Run([.. exact, Path.Combine(folder, "high"), "--boundaries", "1"]).Code);

        var (code, output, error) = Child.Run("compare", Path.Combine(folder, "high"), Path.Combine(folder, "low"), "-o", "csv");

        // Boundary 0 knows its own token only: IE(2) is log2(25) / 2 against minus that.
        Assert.Equal(0, code);
        Assert.Equal(
            "E(T) at T = 1-4 is the mean over the boundaries 1 of 5 in the first run and 0 of 5 in the second: a difference may be one "
            + "of the layers", error.Trim());
        var row = output.Split("\r\n").Single(line => line.StartsWith("high,low,2,", StringComparison.Ordinal)).Split(',');
        Assert.Equal(Math.Log2(25), double.Parse(row[5], System.Globalization.CultureInfo.InvariantCulture), 1e-9);
        Assert.Equal("higher", row[^1]);
        Assert.Equal(2, Child.Run("compare", folder, folder).Code);
    }
}
