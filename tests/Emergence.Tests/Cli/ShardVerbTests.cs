using System.Diagnostics;
using Emergence.Tests.Measurement;

namespace Emergence.Tests.Cli;

/// <summary>A grid that several processes share out, as users start them.</summary>
public sealed class ShardVerbTests
{
    private static readonly string[] Exact =
        ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--estimator", "exact", "--device", "cpu"];

    private readonly string _folder = TestData.TemporaryFolder();

    [Fact]
    public void Shards_give_the_bytes_of_one_process()
    {
        var (whole, run) = (Path.Combine(_folder, "whole"), Path.Combine(_folder, "run"));
        Assert.Equal(0, Child.Run([.. Exact, "--out", whole]).Code);

        // Two of three at once, on an empty folder; one of them twice.
        var started = new[] { "1/3", "2/3", "1/3" }.Select(shard => Child.Start([.. Exact, "--out", run, "--shard", shard])).ToList();
        foreach (var process in started)
        {
            var (code, output, error) = Child.Finish(process);
            Assert.True(code == 0, error);
            Assert.Contains(" cells have values", output);
            process.Dispose();
        }

        Assert.Empty(Directory.GetFiles(run, "*.partial"));
        var shards = Child.Run("show", run, "--shards");
        Assert.Contains("of 3 shards: --array=3", shards.Out);

        // The rest by another count, of which the first half is there already.
        var rest = Child.Run([.. Exact, "--out", run, "--shard", "2/2"]);
        Assert.True(rest.Code == 0, rest.Error);
        Assert.Equal(Child.Run("show", whole, "-o", "jsonl").Out, Child.Run("show", run, "-o", "jsonl").Out);
        Assert.DoesNotContain("--array", Child.Run("show", run, "--shards").Out);

        var report = Child.Run("report", run);
        Assert.True(report.Code == 0, report.Error);
        Assert.Contains("<html", File.ReadAllText(Path.Combine(run, "report.html")));

        Forgery.Copy(Path.Combine(run, "results.1of3.0.jsonl"), Path.Combine(run, "results.1of3.7.jsonl"), line: 2);
        var (falsified, _, complaint) = Child.Run("show", run);
        Assert.Equal(1, falsified);
        Assert.Contains("results.1of3.0.jsonl line 2", complaint);
        Assert.Contains("results.1of3.7.jsonl line 2", complaint);
        Assert.Contains("differ in mi_bits", complaint);
    }

    [Fact]
    public void A_shard_without_cells_is_done()
    {
        var (code, _, error) = Child.Run([.. Exact, "--boundaries", "0", "--out", Path.Combine(_folder, "run"), "--shard", "1/2"]);

        Assert.True(code == 0, error);
        Assert.Contains("shard 1/2: 0 of 8 cells", error);
    }

    [Theory]
    [InlineData("--shard", "3/2")]
    [InlineData("--shards", "2")]
    [InlineData("-o", "sbatch")]
    [InlineData("--dry-run", "-o", "k8s")]
    [InlineData("--shard", "1/2", "--self-check")]
    [InlineData("--dry-run", "--shards", "2", "-o", "sbatch", "--device", "cuda:1")]
    public void What_does_not_go_together_is_refused(params string[] options)
    {
        var run = Path.Combine(_folder, "run");

        var (code, output, error) = Child.Run([.. Exact, "--out", run, .. options]);

        Assert.True((code, output) == (2, ""), error);
        Assert.False(Path.Exists(run));
    }

    [Fact]
    public void A_dry_run_says_what_sharing_out_brings_and_writes_the_jobs_file()
    {
        string[] dry = [.. Exact, "--seeds", "3", "--out", "a run", "--dry-run", "--shards", "4"];

        Assert.Contains("speed_up", Child.Run(dry).Out);
        var (code, job, error) = Child.Run([.. dry, "-o", "sbatch"]);
        Assert.True(code == 0, error);
        Assert.Contains("#SBATCH --array=1-4\n", job);
        Assert.Contains("#SBATCH --signal=B:TERM@120\n", job);
        Assert.Contains(
            "emergence measure --model stories260k --data words --shots 2 --estimator exact --device cpu --seeds 3 --out 'a run' \\\n    "
            + "--shard \"$SLURM_ARRAY_TASK_ID/4\" &", job);
        Assert.DoesNotContain("dry-run", job);
        var file = Path.Combine(_folder, "job.sbatch");
        File.WriteAllText(file, job);
        using var bash = Process.Start("bash", ["-n", file]);
        bash.WaitForExit();
        Assert.Equal(0, bash.ExitCode);

        var pods = Child.Run([.. dry, "-o", "k8s"]).Out;
        Assert.Contains("completionMode: Indexed\n  completions: 4\n", pods);
        Assert.Contains("            - \"--out\"\n            - \"a run\"\n            - \"--shard\"\n            - \"auto\"\n", pods);
        Assert.DoesNotContain("\t", pods);
    }
}
