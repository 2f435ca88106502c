namespace Emergence.Tests.Cli;

/// <summary>Arrays of a real Slurm.</summary>
[Collection(nameof(SlurmTests))]
public sealed class SlurmTests
{
    private const string Verb = "measure --model stories260k --data words --shots 2 --device cpu --out run";

    private readonly string _folder = TestData.TemporaryFolder();

    private static string Program => $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Emergence.Cli.dll")}'";

    private string Run => Path.Combine(_folder, "run");

    [Fact]
    public void An_array_on_an_empty_folder_gives_the_bytes_of_one_process()
    {
        using var cluster = SlurmCluster.Start();
        var whole = Path.Combine(_folder, "whole");
        Assert.Equal(0, Child.Run("measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--device", "cpu", "--estimator",
            "exact", "--out", whole).Code);

        // Eight tasks for five units; the page by a job that waits for them and has no model.
        var array = cluster.Submit(_folder, Script($"exec {Program} {Verb} --estimator exact --shard auto"), "--array=0-7");
        var report = cluster.Submit(_folder, Script($"exec {Program} report run"), $"--dependency=afterok:{array}");
        Assert.All(cluster.WaitFor(array, report), state => Assert.Equal("COMPLETED", state));

        Assert.Empty(Directory.GetFiles(Run, "*.partial"));
        Assert.Equal(5, Directory.GetFiles(Run, "results.*of8.0.jsonl").Length);
        Assert.Contains("<html", File.ReadAllText(Path.Combine(Run, "report.html")));
        var expected = Child.Run("show", whole, "-o", "jsonl").Out;
        Assert.Equal(expected, Child.Run("show", Run, "-o", "jsonl").Out);

        // Submitted again, in another number: all is there, and nothing is written.
        var again = cluster.Submit(_folder, Script($"exec {Program} {Verb} --estimator exact --shard auto"), "--array=1-3");
        Assert.All(cluster.WaitFor(again), state => Assert.Equal("COMPLETED", state));
        Assert.Empty(Directory.GetFiles(Run, "results.*of3.*.jsonl"));
        Assert.Equal(expected, Child.Run("show", Run, "-o", "jsonl").Out);
    }

    [Fact]
    public void A_task_that_is_told_to_end_is_queued_again_and_keeps_its_cells()
    {
        using var cluster = SlurmCluster.Start();
        var (code, script, error) =
            Child.Run([.. Verb.Split(' '), "--preset", "demo", "--seeds", "30", "--dry-run", "--shards", "1", "-o", "sbatch"]);
        Assert.True(code == 0, error);

        // Not the time that the script asks for: what a busy machine estimates may be more than the partition grants.
        var job = cluster.Submit(_folder, script.Replace("emergence measure", $"{Program} measure")
            .Replace("#SBATCH --mem=", "##"), "--array=1", "--cpus-per-task=1", "--time=30");
        var journal = Path.Combine(Run, "results.1of1.0.jsonl");
        SlurmCluster.Wait(() => Lines(journal) > 3, "no cell was measured");

        cluster.Call("scancel", "--batch", "--signal=TERM", job + "_1");
        SlurmCluster.Wait(() => cluster.Call("scontrol", "show", "job", job).Contains(" Restarts=1 ", StringComparison.Ordinal),
            "the task was not queued again");
        var kept = Lines(journal);
        Assert.InRange(kept, 4, int.MaxValue);

        // The second start adds to another file what the first has not.
        SlurmCluster.Wait(() => Lines(Path.Combine(Run, "results.1of1.1.jsonl")) > 2, "the task did not go on");
        cluster.Call("scancel", job);
        Assert.Equal(kept, Lines(journal));
        Assert.Equal(0, Child.Run("show", Run, "--shards").Code);
    }

    private static int Lines(string path) => File.Exists(path) ? File.ReadAllLines(path).Length : 0;

    private static string Script(string command) => $"#!/bin/bash\n#SBATCH --output={"%x.%j.log"} --time=30\n{command}\n";
}
