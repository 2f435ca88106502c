using System.Text.Json.Nodes;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Run;
using Emergence.Measurement.Shards;

namespace Emergence.Tests.Measurement;

public sealed class ShardTests
{
    private readonly string _run = Path.Combine(TestData.TemporaryFolder(), "run");

    [Theory]
    [InlineData(5, 3, 1)]
    [InlineData(5, 3, 4)]
    [InlineData(5, 3, 15)]
    [InlineData(5, 1, 8)]
    [InlineData(80, 3, 96)]
    [InlineData(80, 3, 7)]
    public void Shards_take_every_unit_once_in_the_order_of_boundaries(int boundaries, int seeds, int count)
    {
        int[] of = [.. Enumerable.Range(10, boundaries)];
        ulong[] keys = [.. Enumerable.Range(1, seeds).Select(seed => (ulong)seed)];

        var shards = Enumerable.Range(1, count).Select(number => new Shard(number, count).Units(of, keys)).ToList();

        Assert.Equal(of.SelectMany(boundary => keys.Select(seed => (boundary, seed))), shards.SelectMany(units => units));
        Assert.InRange(shards.Max(units => units.Count) - shards.Min(units => units.Count), 0, 1);
    }

    [Theory]
    [InlineData("3/8", "", "3/8")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=7", "5/8")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=8 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8", "8/8")]
    [InlineData("auto",
        "SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=16 SLURM_ARRAY_TASK_STEP=2", "3/4")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3", "1/1")]
    [InlineData("auto", "JOB_COMPLETION_INDEX=0 JOB_COMPLETIONS=4", "1/4")]
    public void A_shard_is_named_or_told_by_the_scheduler(string text, string environment, string expected) =>
        Assert.Equal(expected, Shard.Parse(text, Variables(environment)).ToString());

    [Theory]
    [InlineData("0/8", "", "expected K/N with K from 1 to N")]
    [InlineData("9/8", "", "expected K/N with K from 1 to N")]
    [InlineData("1", "", "expected K/N with K from 1 to N")]
    [InlineData("-1/2", "", "expected K/N with K from 1 to N")]
    [InlineData("auto", "", "found neither")]
    [InlineData("auto", "JOB_COMPLETION_INDEX=4 JOB_COMPLETIONS=4", "found neither")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=9",
        "expected an array without gaps, found 4 tasks from 3 to 9")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=9",
        "expected an array without gaps")]
    public void What_is_no_shard_is_refused(string text, string environment, string expected)
    {
        var error = Assert.Throws<EmergenceException>(() => Shard.Parse(text, Variables(environment)));

        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Of_many_that_begin_together_one_writes_the_manifest()
    {
        for (var round = 0; round < 20; round++)
        {
            var folder = Path.Combine(_run, $"{round}");
            Directory.CreateDirectory(folder);
            var files = new ManifestFile[16];

            Parallel.For(0, files.Length, i => files[i] = ManifestFile.Publish(folder, Manifest($"start {i}")));

            Assert.Single(files.Select(file => file.Hash).Distinct());
            Assert.Equal(Path.Combine(folder, "manifest.json"), Assert.Single(Directory.GetFiles(folder)));
        }
    }

    /// <summary>Machines without a common disk start at different times with different labels, and are one run all the same.</summary>
    [Fact]
    public void What_a_manifest_decides_has_one_name_whatever_its_labels()
    {
        var (one, other, another) = (Path.Combine(_run, "one"), Path.Combine(_run, "other"), Path.Combine(_run, "another"));
        foreach (var folder in new[] { one, other, another })
            Directory.CreateDirectory(folder);
        var differs = Manifest("tomorrow");
        differs["settings"]!["seeds"] = 4;

        Assert.Equal(ManifestFile.Publish(one, Manifest("today")).Identity, ManifestFile.Publish(other, Manifest("tomorrow")).Identity);
        Assert.NotEqual(ManifestFile.Read(one).Hash, ManifestFile.Read(other).Hash);
        Assert.NotEqual(ManifestFile.Read(one).Identity, ManifestFile.Publish(another, differs).Identity);
    }

    [Fact]
    public void A_node_given_up_for_lost_may_go_on()
    {
        using (RunFolder first = Open(1, 2), again = Open(1, 2))
        {
            first.Add("a", Cell(0, 1.5));
            again.Add("a", Cell(0, 1.5));
            first.Add("b", Cell(1, 2.5));
        }

        var (_, journals, _) = RunFolder.Read(_run);
        Assert.Equal(["results.1of2.0.jsonl", "results.1of2.1.jsonl"], ShardJournal.Files(_run).Select(Path.GetFileName));
        Assert.Equal((2, null), (journals.Finished, journals.Damage));
        Assert.Equal([(0, 2), (1, 1)], journals.Shards.Select(shard => (shard.Attempt, shard.Cells)));
        Assert.All(journals.Shards, shard => Assert.Equal((new Shard(1, 2), Environment.MachineName), (shard.Shard, shard.Host)));
    }

    [Fact]
    public void A_shard_without_a_cell_makes_no_file()
    {
        Open(2, 2).Dispose();

        Assert.Equal(Path.Combine(_run, "manifest.json"), Assert.Single(Directory.GetFiles(_run)));
    }

    [Fact]
    public void A_cell_with_two_values_is_a_contradiction()
    {
        using (RunFolder first = Open(1, 2), again = Open(1, 2))
        {
            first.Add("a", Cell(0, 1.5));
            again.Add("b", Cell(1, 2.5));
            again.Add("a", Cell(0, 1.25));
        }

        var error = Assert.Throws<EmergenceException>(() => RunFolder.Read(_run));

        Assert.Equal(ExitCode.Failed, error.ExitCode);
        Assert.Equal(
            $"the same cell has two values: {Path.Combine(_run, "results.1of2.0.jsonl")} line 2 (host {Environment.MachineName}) and "
                + $"{Path.Combine(_run, "results.1of2.1.jsonl")} line 3 (host {Environment.MachineName}) differ in mi_bits, 1.5 and 1.25",
            error.Message);
    }

    [Fact]
    public void A_value_beats_a_failure_of_another_shard_and_failures_are_tried_again()
    {
        var failed = Cell(0, double.NaN) with { Information = Cell(0, double.NaN).Information with { Failure = "no memory" } };
        using (RunFolder first = Open(1, 2), again = Open(1, 2))
        {
            first.Add("a", Cell(0, 1.5));
            again.Add("a", failed);
            again.Add("b", failed);
        }

        using var next = Open(1, 2);
        Assert.True(next.IsFinished("a"));
        Assert.False(next.IsFinished("b"));
    }

    [Fact]
    public void A_damaged_journal_hides_nothing_but_its_own_rest()
    {
        using (RunFolder first = Open(1, 2), second = Open(2, 2))
        {
            first.Add("a", Cell(0, 1.5));
            first.Add("b", Cell(1, 1.5));
            second.Add("c", Cell(2, 1.5));
        }

        var path = Path.Combine(_run, "results.1of2.0.jsonl");
        var lines = File.ReadAllLines(path);
        lines[2] = lines[2].Replace("macro", "mocro");
        File.WriteAllText(path, string.Join('\n', lines) + "\n");

        var (_, journals, _) = RunFolder.Read(_run);
        Assert.Equal($"{path}: line 3 does not match its checksum", journals.Damage);
        Assert.Equal(2, journals.Finished);
        using var next = Open(1, 2);
        Assert.Equal([true, false, true], new[] { "a", "b", "c" }.Select(next.IsFinished));
    }

    [Fact]
    public void A_journal_of_another_manifest_is_left_out_and_named()
    {
        Open(1, 2).Dispose();
        var path = Path.Combine(_run, "results.2of2.0.jsonl");
        using (var journal = Journal.TryCreate(path)!)
            journal.Append(new ShardHeader("0123", new Shard(2, 2), 0, "n1", 7).ToJson());

        Assert.Equal($"{path} was measured under another manifest", RunFolder.Read(_run).Journals.Damage);
    }

    /// <summary>A run alone, under its lock, goes on with what shards have measured, and they with what it has.</summary>
    [Fact]
    public void One_process_goes_on_where_shards_ended()
    {
        using (var shard = Open(1, 2))
            shard.Add("a", Cell(0, 1.5));
        using (var alone = RunFolder.Open(_run, Manifest("later")))
        {
            Assert.True(alone.IsFinished("a"));
            alone.Add("b", Cell(1, 1.5));
        }

        using var again = Open(2, 2);
        Assert.True(again.IsFinished("b"));
    }

    /// <summary>2 boundaries x 2 seeds of 10 s, a block of 1 s: alone 40 + 2; the second half 20 + 2; the last quarter 10 + 2.</summary>
    [Fact]
    public void Sharing_out_brings_what_is_not_repeated()
    {
        var grid = new CellGrid(2, 3, EstimatorTable.Find("s-mine"), null, null, 1, 2);

        var estimates = ShardEstimate.Of(grid, ofUnit: 10, ofBlock: 1, most: 5);

        Assert.Equal([(1, 24, 42.0), (2, 12, 22), (4, 6, 12), (5, 6, 12)], estimates.Select(row => (row.Shards, row.Cells, row.Seconds)));
        Assert.Equal([1, 42.0 / 22, 3.5, 3.5], estimates.Select(row => row.SpeedUp));
    }

    private static Func<string, string?> Variables(string text)
    {
        var variables = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        return name => variables.GetValueOrDefault(name);
    }

    private RunFolder Open(int number, int count) => RunFolder.Open(_run, Manifest("today"), new Shard(number, count));

    internal static CellResult Cell(int boundary, double bits) =>
        new(new Cell(Emergence.Capture.CaptureKind.Macro, boundary, 0, "exact", 1), new MutualInformation
        {
            Estimator = "exact",
            Seed = 1,
            MiBits = bits,
            ExactBits = 1,
            HPrefixBits = 1,
            Log2N = 1,
            K = 2,
            KX = 2,
            KY = 2,
            Mu = 1,
        }, 0);

    private static JsonObject Manifest(string created) => new() { ["settings"] = new JsonObject { ["model"] = "m", ["seeds"] = 3 },
        ["created"] = created, ["device"] = new JsonObject { ["description"] = created } };
}
