using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Emergence.Tests.Measurement;
using RunJournal = Emergence.Measurement.Run.Journal;

namespace Emergence.Tests.Cli;

/// <summary>Arrays of a real Slurm.</summary>
[Collection(nameof(SlurmTests))]
public sealed class SlurmTests
{
    private readonly string _folder = TestData.TemporaryFolder();

    private static string Program => $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Emergence.Cli.dll")}'";

    private string Run => Path.Combine(_folder, "run");

    private string Model => Path.Combine(_folder, "model");

    /// <summary>Words of measure for a shard on one processor.</summary>
    private string[] Verb => ["measure", "--model", Model, "--data", "words", "--shots", "2", "--device", "cpu", "--out"];

    [Fact]
    public void An_array_on_an_empty_folder_gives_the_bytes_of_one_process()
    {
        using var cluster = SlurmCluster.Start();
        CopyModel();
        var whole = Path.Combine(_folder, "whole");
        Assert.Equal(0, Child.Run([.. Verb, whole, "--estimator", "exact"]).Code);
        var expected = Child.Run("show", whole, "-o", "jsonl").Out;
        var measure = Script($"exec {Program} {string.Join(' ', Verb)} run --estimator exact --shard auto");

        // Eight tasks for five units, all of them twice at the same time; the page by a job that waits for them and has no model.
        var (array, twin) = (cluster.Submit(_folder, measure, "--array=0-7"), cluster.Submit(_folder, measure, "--array=0-7"));
        var report = cluster.Submit(_folder, Script($"rm -r '{Model}'; exec {Program} report run"),
            $"--dependency=afterok:{array}:{twin}");
        Assert.All(cluster.WaitFor(array, twin, report), state => Assert.Equal("COMPLETED", state));

        Assert.False(Directory.Exists(Model));
        Assert.Empty(Directory.GetFiles(Run, "*.partial"));
        Assert.Single(Directory.GetFiles(Run, "manifest*"));
        Assert.InRange(Directory.GetFiles(Run, "results.*of8.*.jsonl").Length, 5, 10);
        Assert.Contains("<html", File.ReadAllText(Path.Combine(Run, "report.html")));
        Assert.Equal(expected, Child.Run("show", Run, "-o", "jsonl").Out);

        // Submitted again, in another number: all is there, and nothing is written.
        CopyModel();
        var again = cluster.Submit(_folder, measure, "--array=1-3");
        Assert.All(cluster.WaitFor(again), state => Assert.Equal("COMPLETED", state));
        Assert.Empty(Directory.GetFiles(Run, "results.*of3.*.jsonl"));
        Assert.Equal(expected, Child.Run("show", Run, "-o", "jsonl").Out);
    }

    /// <summary>One task is told to end, as before its time is up; the node of the other one is lost, and comes to life again.</summary>
    [Fact]
    public void A_task_that_is_told_to_end_and_one_whose_node_is_lost_keep_their_cells()
    {
        using var cluster = SlurmCluster.Start();
        CopyModel();
        var (code, script, error) =
            Child.Run([.. Verb, "run", "--preset", "demo", "--seeds", "30", "--dry-run", "--shards", "2", "-o", "sbatch"]);
        Assert.True(code == 0, error);

        // Not the time that the script asks for: what a busy machine estimates may be more than the partition grants.
        var job = cluster.Submit(_folder, script.Replace("emergence measure", $"{Program} measure")
            .Replace("#SBATCH --mem=", "##"), "--cpus-per-task=1", "--time=30");
        var (told, lost) = (Journal(1, 0), Journal(2, 0));
        SlurmCluster.Wait(() => Lines(told) > 3 && Lines(lost) > 3, "no cell was measured");

        // The node is silent for a while, process and all, and Slurm gives it up.
        using var sleeper = Process.GetProcessById((int)JsonNode.Parse(RunJournal.Read(lost).Lines[0])!["pid"]!);
        var (next, heir) = (Journal(1, 1), Journal(2, 1));
        int kept;
        try
        {
            Child.Signal(sleeper, "STOP");
            cluster.Lose(cluster.NodeOf(job + "_2"));
            cluster.Call("scancel", "--batch", "--signal=TERM", job + "_1");
            SlurmCluster.Wait(() => cluster.Call("scontrol", "show", "job", job).Split(" Restarts=1 ").Length == 3,
                "the tasks were not queued again");
            kept = Lines(told);
            Assert.InRange(kept, 4, int.MaxValue);

            // The second starts add to other files what the first have not; the lost one wakes, goes on and measures the same.
            SlurmCluster.Wait(() => Lines(next) > 2 && Lines(heir) > 2, "the tasks did not go on");
            Child.Signal(sleeper, "CONT");
            SlurmCluster.Wait(() => Cells(lost).Keys.Intersect(Cells(heir).Keys).Any(), "the lost one did not go on");
            cluster.Call("scancel", job);
        }
        finally
        {
            // A process that is stopped would outlive the test, and the Slurm that has given it up.
            Child.Signal(sleeper, "KILL");
        }

        Assert.Equal(kept, Lines(told));
        var (ofLost, ofHeir) = (Cells(lost), Cells(heir));
        var twice = ofLost.Keys.Intersect(ofHeir.Keys).ToList();
        Assert.All(twice, key => Assert.Equal(ofLost[key].Text, ofHeir[key].Text));
        Assert.Equal(0, Child.Run("show", Run, "--shards").Code);

        // One of the duplicates altered.
        Forgery.Copy(heir, Journal(2, 7), ofHeir[twice[0]].Line);
        File.Delete(heir);
        var (falsified, _, complaint) = Child.Run("show", Run);
        Assert.Equal(1, falsified);
        Assert.Contains($"{lost} line {ofLost[twice[0]].Line} (host ", complaint);
        Assert.Contains($"{Journal(2, 7)} line {ofHeir[twice[0]].Line} (host ", complaint);
        Assert.Contains("differ in mi_bits", complaint);
    }

    private static int Lines(string path) => File.Exists(path) ? RunJournal.Read(path).Lines.Count : 0;

    private static Dictionary<string, (int Line, string Text)> Cells(string path) =>
        RunJournal.Read(path).Lines.Index().Skip(1).ToDictionary(
            line => (string)JsonNode.Parse(line.Item)!["cell"]!, line => (line.Index + 1, Encoding.UTF8.GetString(line.Item)));

    private static string Script(string command) => $"#!/bin/bash\n#SBATCH --output={"%x.%j.log"} --time=30\n{command}\n";

    private string Journal(int shard, int attempt) => Path.Combine(Run, $"results.{shard}of2.{attempt}.jsonl");

    private void CopyModel() => TestData.CopyFiles(Path.Combine(AppContext.BaseDirectory, "samples", "stories260k"), Model);
}
