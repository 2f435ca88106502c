using System.Text.Json.Nodes;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Run;

namespace Emergence.Tests.Measurement;

public sealed class RunFolderTests
{
    [Fact]
    public void Cells_come_back_as_they_were_added()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "run");
        var cell = new CellResult(new Cell(CaptureKind.Micro, 3, 2, "s-mine", 7), new MutualInformation
        {
            Estimator = "s-mine", Seed = 7, MiBits = 1.25, ExactBits = 2.5, HPrefixBits = 3.5, Log2N = 9, K = 5, KX = 4, KY = 5, Mu = 12.5,
            CollisionsX = 1, CollisionsY = 2, Steps = 100, StoppedBy = StopReason.Level, MaxBits = double.PositiveInfinity,
                HeldOutBits = double.NaN,
            StepsAboveCeiling = 3, MaxScore = 17, NonFinite = 1, Failure = "failed at step 3", IsEnumeration = true,
                ExactStandardErrorBits = .5, LastMeanBits = 1, MultiplyAdds = 1e12,
            Protocol = new ProtocolTrace
            {
                SliceStart = 768,
                SliceColumns = 100,
                Columns = 868,
                SliceBits = 1.5,
                FittedFrom = 50,
                MaxStep = 77,
                MaxStepCoincidences = 1,
                OverflowSteps = 2,
                FirstOverflow = 98,
                Bins = [new(0, 2, 0, 9.5, 10.25), new(3, 48, -1.58, 2.25, 4)],
            },
        }, SamplingError: 0.125);
        using (var folder = RunFolder.Open(path, Manifest(seeds: 3)))
            folder.Add("key", cell);

        using var again = RunFolder.Open(path, Manifest(seeds: 3));
        var found = Assert.Single(again.Cells).Information;
        Assert.Equal(cell.Information with { Curve = [], Protocol = null }, found with { Curve = [], Protocol = null });
        Assert.Equal(cell.Information.Protocol! with { Bins = [] }, found.Protocol! with { Bins = [] });
        Assert.Equal(cell.Information.Protocol!.Bins, found.Protocol!.Bins);
        Assert.Equal((cell.Cell, cell.SamplingError), (again.Cells.Single().Cell, again.Cells.Single().SamplingError));
        Assert.Equal(cell.Cell, Assert.Single(RunFolder.Read(path).Journals.Cells).Cell);
    }

    [Fact]
    public void Settings_that_differ_are_named()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "run");
        RunFolder.Open(path, Manifest(seeds: 3)).Dispose();

        var error = Assert.Throws<EmergenceException>(() => RunFolder.Open(path, Manifest(seeds: 5)));

        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.EndsWith("seeds differs: 3 vs 5; use a new --out", error.Message);
    }

    [Fact]
    public void A_label_may_differ()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "run");
        var manifest = Manifest(seeds: 3);
        manifest["created"] = "yesterday";
        RunFolder.Open(path, manifest).Dispose();
        var bytes = File.ReadAllBytes(Path.Combine(path, "manifest.json"));

        RunFolder.Open(path, Manifest(seeds: 3)).Dispose();

        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(path, "manifest.json")));
    }

    [Fact]
    public void An_exchanged_manifest_is_noticed()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "run");
        RunFolder.Open(path, Manifest(seeds: 3)).Dispose();
        var manifest = Path.Combine(path, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("3", "4"));

        Assert.Contains("is not the one", Assert.Throws<EmergenceException>(() => RunFolder.Read(path)).Message);
        Assert.Contains("is not the one", Assert.Throws<EmergenceException>(() => RunFolder.Open(path, Manifest(seeds: 4))).Message);
    }

    [Fact]
    public void A_folder_that_is_open_is_refused()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "run");
        using var first = RunFolder.Open(path, Manifest(seeds: 3));

        var error = Assert.Throws<EmergenceException>(() => RunFolder.Open(path, Manifest(seeds: 3)));

        Assert.Equal(ExitCode.TryAgain, error.ExitCode);
        Assert.Contains($"in use by pid {Environment.ProcessId}", error.Message);
    }

    [Fact]
    public void A_failed_cell_is_tried_again_and_a_value_beats_it()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "run");
        var good = ShardTests.Cell(0, 1);
        var failed = good with { Information = good.Information with { MiBits = double.NaN, Failure = "no memory" } };
        using (var folder = RunFolder.Open(path, Manifest(seeds: 3)))
            folder.Add("a", failed);

        using (var again = RunFolder.Open(path, Manifest(seeds: 3)))
        {
            Assert.False(again.IsFinished("a"));

            // The same failure once more says nothing new.
            var length = new FileInfo(Path.Combine(path, "results.jsonl")).Length;
            again.Add("a", failed);
            Assert.Equal(length, new FileInfo(Path.Combine(path, "results.jsonl")).Length);
            again.Add("a", good);
            Assert.True(again.IsFinished("a"));
            again.Add("a", failed);
        }

        Assert.Equal(1, Assert.Single(RunFolder.Read(path).Journals.Cells).Information.MiBits);
    }

    [Fact]
    public void A_read_only_file_system_is_named()
    {
        using var disk = SmallDisk.Mount();
        var path = Path.Combine(disk.Path, "run");
        RunFolder.Open(path, Manifest(seeds: 3)).Dispose();
        disk.MakeReadOnly();

        var error = Assert.Throws<EmergenceException>(() => RunFolder.Open(path, Manifest(seeds: 3)));

        Assert.Equal(ExitCode.Disk, error.ExitCode);
        Assert.EndsWith("failed: the file system is read-only", error.Message);
    }

    [Fact]
    public void A_torn_last_line_is_repaired_and_its_cell_is_missing()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "run");
        using (var folder = RunFolder.Open(path, Manifest(seeds: 3)))
        {
            folder.Add("a", ShardTests.Cell(0, 1));
            folder.Add("b", ShardTests.Cell(1, 1));
        }

        var journal = Path.Combine(path, "results.jsonl");
        File.WriteAllBytes(journal, File.ReadAllBytes(journal)[..^5]);

        using var again = RunFolder.Open(path, Manifest(seeds: 3));
        Assert.Equal((1, true, false), (again.Cells.Count, again.IsFinished("a"), again.IsFinished("b")));
        Assert.True(again.RepairedBytes > 0);
    }

    private static JsonObject Manifest(int seeds) =>
        new() { ["settings"] = new JsonObject { ["model"] = "m", ["seeds"] = seeds }, ["created"] = "today" };
}
