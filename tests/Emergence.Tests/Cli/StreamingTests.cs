using System.Diagnostics;
using System.Text.RegularExpressions;
using Emergence.Tests.Measurement;

namespace Emergence.Tests.Cli;

/// <summary>Runs whose weights stay on the disk, and runs with a bound on their memory.</summary>
public sealed partial class StreamingTests
{
    private static readonly string[] Exact =
        ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--sequences", "100", "--device", "cpu"];

    private readonly string _folder = TestData.TemporaryFolder();

    /// <summary>With one process's device, bounds and threads as well as with another's.</summary>
    [Fact]
    public void Where_weights_are_decides_about_no_cell()
    {
        var expected = Cells("resident", "--weights", "resident");
        Assert.Equal(2 * 5 * 4, expected.Length);
        Assert.Equal(expected, Cells("streamed", "--weights", "streamed"));
        Assert.Equal(expected, Cells("bounded", "--weights", "streamed", "--memory", "400MiB", "--threads", "1"));
        string[] forced = ["--weights", "streamed", "--memory", Least(), "--scratch", Path.Combine(_folder, "scratch")];
        Assert.Equal(expected, Cells("forced", forced));
        var some = Cells("some", "--weights", "streamed", "--boundaries", "0-2");
        Assert.Equal(2 * 3 * 4, some.Length);
        Assert.All(some, cell => Assert.Contains(cell, expected));

        string[] Cells(string name, params string[] more)
        {
            var run = Path.Combine(_folder, name);
            var (code, _, error) = Child.Run([.. Exact, "--estimator", "exact", "--out", run, .. more]);
            Assert.True(code == 0, error);
            Assert.Contains(more[1] == "resident" ? "weights resident: as asked for" : "weights streamed: as asked for", error);
            return [.. File.ReadAllLines(Path.Combine(run, "results.jsonl")).Skip(1).Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public void A_bound_that_is_too_small_is_refused_with_the_smallest_that_would_do()
    {
        string[] run = [.. Exact, "--boundaries", "1", "--seeds", "1", "--out", Path.Combine(_folder, "run")];
        foreach (var more in (string[][])[["--dry-run"], []])
        {
            var (code, _, error) = Child.Run([.. run, "--memory", "70MiB", .. more]);
            Assert.Equal(1, code);
            var least = Smallest().Match(error).Groups["size"].Value;
            Assert.True(least.EndsWith("MiB", StringComparison.Ordinal), error);
            Assert.False(Directory.Exists(Path.Combine(_folder, "run")));
            var again = Child.Run([.. run, "--memory", least, "--dry-run"]);
            Assert.True(again.Code == 0, again.Error);
            Assert.Contains($"of --memory {least} on device cpu", again.Out);
            if (more.Length > 0)
                continue;
            var done = Child.Run([.. run, "--memory", least]);
            Assert.True(done.Code is 0 or 4, done.Error);
        }
    }

    /// <summary>States of a recurrence are a row of the plan and part of the bound; of experts it says how many are read.</summary>
    [Fact]
    public void A_dry_run_lists_states_and_experts()
    {
        // Two threads with all 96 channels of 16 numbers in two places, and what they take besides.
        string[] run = ["measure", "--data", "words", "--shots", "2", "--estimator", "exact", "--device", "cpu", "--threads", "2",
            "--out", Path.Combine(_folder, "run"), "--dry-run", "--sequences", "40", "--model"];
        var (code, output, error) = Child.Run([.. run, RoutingTests.WithWords("mamba2")]);
        Assert.True(code == 0, error);
        Assert.Matches($@"states\s+{2 * 4 * (Places(output) + 1) * 16 * 96}\s+of a recurrence, in [0-9]+ places along", output);

        var mixture = RoutingTests.WithWords("olmoe");
        (code, output, error) = Child.Run([.. run, mixture, "--weights", "streamed"]);
        Assert.True(code == 0, error);
        Assert.Contains("streamed, one block and the next one, of 8 experts of a layer at most 8; norms", output);
        Assert.DoesNotContain("states", output);

        (code, _, error) = Child.Run([.. run, "stories260k", "--routing"]);
        Assert.Equal(2, code);
        Assert.Contains("a llama model has no layers with experts: there is no routing to look at", error);

        static int Places(string output) => int.Parse(Regex.Match(output, "in ([0-9]+) places").Groups[1].Value, null);
    }

    [Fact]
    public void A_dry_run_says_what_is_read_from_the_disk()
    {
        string[] run = [.. Exact, "--estimator", "exact", "--dry-run", "--out", Path.Combine(_folder, "run")];
        var (code, output, error) = Child.Run([.. run, "--weights", "streamed", "--json"]);
        Assert.True(code == 0, error);
        Assert.Contains("weights streamed: as asked for", error);

        // 26 tokens of 64 in the embedding, and everything of five blocks and the last norm.
        const int Embedding = 512 * 64 * 4;
        Assert.Contains($"\"disk_bytes\": {(4 * 260_032) - Embedding + (26 * 64 * 4)}", output.Replace("\":", "\": ").Replace(":  ", ": "));
    }

    [Fact]
    public void A_capture_does_not_depend_on_where_weights_are()
    {
        var ids = Path.Combine(_folder, "ids.json");
        File.WriteAllText(ids, "[[5, 6, 7], [5, 9]]");
        var files = new List<byte[]>();
        foreach (var placement in (string[])["resident", "streamed"])
        {
            var file = Path.Combine(_folder, $"{placement}.safetensors");
            var (code, _, error) = Child.Run(
                "capture", "--model", "stories260k", "--input-ids", ids, "-o", file, "--logits", "--weights", placement);
            Assert.True(code == 0, error);
            Assert.Contains($"weights {placement}: as asked for", error);
            files.Add(File.ReadAllBytes(file));
        }

        Assert.Equal(files[0], files[1]);
    }

    [Fact]
    public void A_capture_that_does_not_fit_is_refused_with_the_smallest_bound_that_would_do()
    {
        var ids = Path.Combine(_folder, "ids.json");
        File.WriteAllText(ids, "[[5, 6, 7], [5, 9]]");
        string[] capture = ["capture", "--model", "stories260k", "--input-ids", ids, "-o", Path.Combine(_folder, "file"), "--logits",
            "--weights", "streamed", "--device", "cpu", "--memory"];
        var (code, _, error) = Child.Run([.. capture, "70MiB"]);
        Assert.Equal(1, code);
        var again = Child.Run([.. capture, Smallest().Match(error).Groups["size"].Value]);
        Assert.True(again.Code == 0, again.Error);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("4x")]
    [InlineData("-1GiB")]
    [InlineData("99999999999999999999TiB")]
    public void A_bound_is_a_size(string word)
    {
        var (code, _, error) = Child.Run([.. Exact, "--memory", word, "--out", Path.Combine(_folder, "run")]);
        Assert.Equal(2, code);
        Assert.Contains($"--memory: expected a size such as 8GiB or 500MB, found '{word}'", error);
    }

    /// <summary>Seen by a wrong one that the first manifest is made to hold; with another time of the file it is not believed.</summary>
    [Fact]
    public void A_later_start_does_not_read_the_weights_for_their_digest_unless_they_were_touched()
    {
        var model = Directory.CreateDirectory(Path.Combine(_folder, "model")).FullName;
        TestData.CopyFiles(Path.Combine(TestData.Repository, "samples", "stories260k"), model);
        string[] run = ["measure", "--model", model, "--data", "words", "--shots", "2", "--sequences", "50", "--estimator", "exact",
            "--boundaries", "0", "--device", "cpu", "--out", Path.Combine(_folder, "run")];
        Assert.Equal(0, Child.Run(run).Code);
        var manifest = Path.Combine(_folder, "run", "manifest.json");
        var weights = Path.Combine(model, "model.safetensors");
        var digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(weights)));
        var text = File.ReadAllText(manifest);
        Assert.Equal(3, text.Split(digest).Length);
        var wrong = new string('0', digest.Length);
        File.WriteAllText(manifest, text.Replace($"\"sha256\": \"{digest}\"", $"\"sha256\": \"{wrong}\""));

        var (code, _, error) = Child.Run(run);
        Assert.Equal(2, code);
        Assert.Contains($"weights_sha256 differs: \"{digest}\" vs \"{wrong}\"", error);

        File.WriteAllText(manifest, text);
        File.SetLastWriteTimeUtc(weights, new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        var again = Child.Run(run);
        Assert.True(again.Code == 0, again.Error);
    }

    /// <summary>Trained cells, so that the run is met in its middle.</summary>
    [Fact]
    public void Killed_while_it_streams_a_run_goes_on_with_the_same_bytes()
    {
        string[] trained = [.. Exact, "--boundaries", "1,3", "--seeds", "2", "--threads", "1", "--out"];
        var (whole, killed) = (Path.Combine(_folder, "whole"), Path.Combine(_folder, "killed"));
        var watch = Stopwatch.StartNew();
        var (code, _, error) = Child.Run([.. trained, whole, "--weights", "resident"]);
        Assert.True(code is 0 or 4, error);
        var random = new Random(3);
        for (var kill = 0; kill < 3; kill++)
        {
            using var process = Child.Start([.. trained, killed, "--weights", "streamed"]);
            process.WaitForExit(random.NextDouble() * watch.Elapsed / 2);
            process.Kill();
            process.WaitForExit();
        }

        var again = Child.Run([.. trained, killed, "--weights", "streamed"]);
        Assert.True(again.Code == code, again.Error);
        Assert.Equal(Child.Run("show", whole, "-o", "jsonl").Out, Child.Run("show", killed, "-o", "jsonl").Out);
    }

    /// <summary>The smallest bound for the exact values.</summary>
    private string Least() => Smallest().Match(Child.Run([.. Exact, "--estimator", "exact", "--weights", "streamed", "--memory", "1MiB",
        "--dry-run", "--out", Path.Combine(_folder, "none")]).Error).Groups["size"].Value;

    [GeneratedRegex(@"--memory (?<size>\S+) is the smallest that would do")]
    private static partial Regex Smallest();
}
