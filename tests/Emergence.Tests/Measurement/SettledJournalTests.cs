using System.Security.Cryptography;
using Emergence.Measurement.Results;
using Emergence.Measurement.Run;
using Emergence.Measurement.Settings;
using Emergence.Measurement.Shards;
using Emergence.Models;
using Emergence.Tests.Models;

namespace Emergence.Tests.Measurement;

/// <summary>Runs whose weights are not known by their SHA-256 before they have been read for the run itself.</summary>
public sealed class SettledJournalTests
{
    private const string NotReadYet = "\"weights_sha256\": \"not read yet: ";

    private readonly string _folder = TestData.TemporaryFolder();
    private readonly string _model;
    private readonly string _weights;
    private readonly string _digest;
    private readonly Lock _links = new();

    public SettledJournalTests()
    {
        // No block needs the end of the file.
        var sample = Path.Combine(TestData.Repository, "samples", "stories260k");
        var forged = ForgedModel.Of(sample).Copy("model.embed_tokens.weight", "score.weight").Write();
        _model = Directory.CreateDirectory(Path.Combine(_folder, "model")).FullName;
        TestData.CopyFiles(sample, _model);
        _weights = Path.Combine(_model, "model.safetensors");
        File.Copy(Path.Combine(forged, "model.safetensors"), _weights, overwrite: true);
        _digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_weights)));
    }

    [Fact]
    public void A_run_that_streams_ends_as_one_that_knew_its_weights()
    {
        Measure("streamed");
        Measure("resident", WeightPlacement.Resident);
        Assert.Contains($"\"weights_sha256\": \"{_digest}\"", Manifest("streamed"));
        Assert.Contains($"\"sha256\": \"{_digest}\"", Manifest("streamed"));
        Assert.Equal(Cells("resident"), Cells("streamed"));
        Assert.False(File.Exists(Settled("streamed")));
        Measure("streamed");
        Assert.Equal(Cells("resident"), Cells("streamed"));
    }

    [Fact]
    public void One_that_ends_early_is_read_and_gone_on_with_unless_the_weights_were_touched()
    {
        Measure("whole");
        Interrupt("run");
        Assert.Contains(NotReadYet, Manifest("run"));
        var some = RunResults.Read(Run("run"), out var damage).Cells.Count;
        Assert.Null(damage);
        Assert.InRange(some, 1, Cells("whole").Length - 1);

        var time = File.GetLastWriteTimeUtc(_weights);
        File.SetLastWriteTimeUtc(_weights, time.AddSeconds(1));
        var error = Assert.Throws<EmergenceException>(() => Measure("run"));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.EndsWith("manifest.json: model.safetensors was written to since the run began, which had not read all weights by then; use "
            + "a new --out", error.Message);
        error = Assert.Throws<EmergenceException>(() => Measure("run", shard: new(1, 2)));
        Assert.Contains("model.safetensors was written to since the run began", error.Message);
        File.SetLastWriteTimeUtc(_weights, time);

        Measure("run");
        Assert.Contains($"\"weights_sha256\": \"{_digest}\"", Manifest("run"));
        Assert.Equal(Cells("whole"), Cells("run"));
    }

    /// <summary>Before the manifest is replaced the old journal counts, afterwards the new one, whatever it is called.</summary>
    [Fact]
    public void Killed_while_it_settles_a_run_loses_no_cell()
    {
        Interrupt("run");
        var (manifest, journal) = (File.ReadAllBytes(ManifestPath("run")), File.ReadAllBytes(Journal("run")));
        Measure("run");
        var cells = Cells("run");

        Put("before", manifest, journal);
        File.Copy(Journal("run"), Settled("before"));
        Assert.NotEmpty(RunResults.Read(Run("before"), out _).Cells);
        Measure("before");
        Assert.Equal(cells, Cells("before"));

        Put("after", File.ReadAllBytes(ManifestPath("run")), journal);
        File.Copy(Journal("run"), Settled("after"));
        Assert.Equal(cells.Length, RunResults.Read(Run("after"), out _).Cells.Count);
        Assert.Equal(0, Measure("after"));
        Assert.Equal(cells, Cells("after"));
        Assert.False(File.Exists(Settled("after")));
    }

    /// <summary>The run ends between its last cell and the end of the files, which no block needs.</summary>
    [Fact]
    public void Interrupted_while_the_rest_of_the_files_is_read_a_run_keeps_all_cells()
    {
        Measure("whole");
        Assert.ThrowsAny<OperationCanceledException>(() => Measure("run", says: "reading what is left of the weights' files"));
        Assert.Contains(NotReadYet, Manifest("run"));
        Assert.Equal(Cells("whole").Length, Cells("run").Length);
        Assert.Equal(0, Measure("run"));
        Assert.Contains($"\"weights_sha256\": \"{_digest}\"", Manifest("run"));
        Assert.Equal(Cells("whole"), Cells("run"));
    }

    /// <summary>Shards at once: in a folder that one of them makes, and in one that a run without shards has left before it knew its
    /// weights.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Shards_that_stream_may_begin_together(bool afterOthers)
    {
        Measure("whole");
        if (afterOthers)
            Interrupt("run");
        var left = afterOthers ? Cells("run").Length : 0;
        var measured = await Task.WhenAll(Enumerable.Range(1, 3).Select(number => Task.Run(() => Measure("run", shard: new(number, 3)))));
        Assert.Equal(Cells("whole").Length - left, measured.Sum());
        Assert.Contains($"\"weights_sha256\": \"{_digest}\"", Manifest("run"));
        Assert.False(File.Exists(Settled("run")));
        Assert.Equal(afterOthers, File.Exists(Journal("run")));
        var files = Directory.GetFiles(Run("run"), "results*.jsonl");
        Assert.Equal(Cells("whole"), files.SelectMany(file => File.ReadAllLines(file).Skip(1)).Order(StringComparer.Ordinal));
        Assert.Equal(0, Measure("run"));
    }

    /// <summary>A run without shards that does not know its weights, and finds that shards, which do, have begun since it looked.</summary>
    [Fact]
    public void A_run_may_begin_together_with_shards()
    {
        Measure("first", shard: new(1, 2));
        var ofShards = Manifest("first").Replace("model of first", "model of run", StringComparison.Ordinal);
        var cells = Measure("run", onPlaced: () =>
        {
            Directory.CreateDirectory(Run("run"));
            if (!File.Exists(ManifestPath("run")))
                File.WriteAllText(ManifestPath("run"), ofShards);
        });
        Assert.Equal(ofShards, Manifest("run"));
        Assert.Equal(Cells("run").Length, cells);
        Measure("whole");
        Assert.Equal(Cells("whole"), Cells("run"));
    }

    [Fact]
    public void Shards_wait_for_a_run_that_reads_its_weights_and_say_so()
    {
        Interrupt("run");
        using (RunFolder.Lock(Run("run")))
        {
            var error = Assert.Throws<EmergenceException>(() => Measure("run", shard: new(1, 2)));
            Assert.Equal(ExitCode.TryAgain, error.ExitCode);
            Assert.StartsWith($"{Run("run")}: shards may join the run there when it has read all weights once and knows their SHA-256; the "
                + $"run is in use by pid {Environment.ProcessId} ", error.Message);
        }

        Measure("run", shard: new(1, 2));
        Assert.DoesNotContain(NotReadYet, Manifest("run"));
    }

    private string Run(string name) => Path.Combine(_folder, name);

    private string ManifestPath(string run) => Path.Combine(Run(run), "manifest.json");

    private string Manifest(string run) => File.ReadAllText(ManifestPath(run));

    private string Journal(string run) => Path.Combine(Run(run), "results.jsonl");

    private string Settled(string run) => Path.Combine(Run(run), "results.settled.jsonl");

    private string[] Cells(string run) => [.. File.ReadAllLines(Journal(run)).Skip(1).Order(StringComparer.Ordinal)];

    private void Put(string run, byte[] manifest, byte[] journal)
    {
        Directory.CreateDirectory(Run(run));
        File.WriteAllBytes(ManifestPath(run), manifest);
        File.WriteAllBytes(Journal(run), journal);
    }

    /// <returns>How many cells were measured now.</returns>
    private int Measure(string run, WeightPlacement placement = WeightPlacement.Streamed, int? most = null, Shard? shard = null,
        string? says = null, Action? onPlaced = null)
    {
        var count = 0;
        using var cancellation = new CancellationTokenSource();
        using var plan = new MeasurementPlan(new MeasurementSettings
        {
            Model = ModelOf(run),
            Data = "words",
            Shots = 2,
            Sequences = 30,
            Estimator = "exact",
            Device = "cpu",
            Shard = shard,
            ModelOptions = new() { Weights = placement },
        });
        plan.Run(Run(run), _ => { }, _ =>
        {
            if (++count == most)
                cancellation.Cancel();
        }, _ => { }, cancellation.Token, placed: line =>
        {
            onPlaced?.Invoke();
            if (says != null && line.StartsWith(says, StringComparison.Ordinal))
                cancellation.Cancel();
        });
        return count;
    }

    /// <summary>A process knows the digests of files it has read: each run has the weights under a path of its own.</summary>
    private string ModelOf(string run)
    {
        var model = Path.Combine(_folder, $"model of {(run is "before" or "after" ? "run" : run)}");
        lock (_links)
        {
            if (!Directory.Exists(model))
                Directory.CreateSymbolicLink(model, _model);
        }

        return model;
    }

    private void Interrupt(string run) => Assert.ThrowsAny<OperationCanceledException>(() => Measure(run, most: 3));
}
