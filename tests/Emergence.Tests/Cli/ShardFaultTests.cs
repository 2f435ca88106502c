using System.Diagnostics;
using Emergence.Tests.Measurement;
using RunJournal = Emergence.Measurement.Run.Journal;

namespace Emergence.Tests.Cli;

/// <summary>Shards on machines and disks that make it hard.</summary>
public sealed class ShardFaultTests
{
    private static readonly string[] Grid = ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--device", "cpu"];

    private static readonly string[] Exact = [.. Grid, "--estimator", "exact", "--boundaries", "1,3", "--out"];

    private readonly string _folder = TestData.TemporaryFolder();

    private string Run => Path.Combine(_folder, "run");

    [Fact]
    public void A_file_system_without_locks_is_shared_all_the_same()
    {
        var noLocks = NoLocks.Library(_folder);
        RunTwice([("LD_PRELOAD", noLocks)]);
    }

    /// <summary>As in containers: both are process 1 of a machine of the same name.</summary>
    [Fact]
    public void Processes_of_the_same_number_share_a_folder()
    {
        string[] own = ["unshare", "--pid", "--fork"];
        if (!OperatingSystem.IsLinux() || !Child.Succeeds(own[0], [.. own.Skip(1), "true"]))
            Assert.Skip("this process may not make spaces of pids");
        RunTwice([], own);
        Assert.All(Directory.GetFiles(Run, "results.*"), path =>
            Assert.Contains("\"pid\":1}", File.ReadLines(path).First()));
    }

    [Fact]
    public void A_read_only_folder_is_named_and_can_be_read()
    {
        using var disk = SmallDisk.Mount();
        var run = Path.Combine(disk.Path, "run");
        Assert.Equal(0, Child.Run([.. Exact, run, "--shard", "1/2"]).Code);
        disk.MakeReadOnly();

        var (code, output, error) = Child.Run([.. Exact, run, "--shard", "2/2"]);
        Assert.Equal((74, ""), (code, output));
        Assert.EndsWith($"emergence: writing {Path.Combine(run, "results.2of2.0.jsonl")} failed: the file system is read-only\n", error);
        (code, _, error) = Child.Run([.. Exact, Path.Combine(disk.Path, "other"), "--shard", "1/2"]);
        Assert.Equal(74, code);
        Assert.EndsWith($"emergence: writing {Path.Combine(disk.Path, "other")} failed: the file system is read-only\n", error);
        Assert.Equal(0, Child.Run("show", run).Code);
    }

    [Fact]
    public void On_a_full_disk_a_shard_ends_with_all_that_was_done_and_goes_on_when_there_is_space()
    {
        using var disk = SmallDisk.Mount("2m");
        var run = Path.Combine(disk.Path, "run");
        string[] shard = [.. Grid, "--sequences", "60", "--seeds", "100", "--preset", "demo", "--out", run, "--shard", "1/2"];
        var (first, next) = (Path.Combine(run, "results.1of2.0.jsonl"), Path.Combine(run, "results.1of2.1.jsonl"));
        using (var process = Child.Start(shard))
        {
            WaitFor(first, process);
            Fill(Path.Combine(disk.Path, "ballast"));
            var seen = RunJournal.Read(first).Lines.Count;
            var (code, _, error) = Child.Finish(process);

            Assert.Equal(74, code);
            Assert.EndsWith($"emergence: writing {first} failed: the disk is full: free some space, then run the same command again\n",
                error);
            var content = RunJournal.Read(first);
            Assert.Equal((0, null), (content.TornBytes, content.Damage));
            Assert.InRange(content.Lines.Count, seen, int.MaxValue);
        }

        File.Delete(Path.Combine(disk.Path, "ballast"));
        using var again = Child.Start(shard);
        WaitFor(next, again);
        again.Kill();
        Assert.Contains($"{RunJournal.Read(first).Lines.Count - 1} of ", Child.Finish(again).Error);
        Assert.Equal(0, Child.Run("show", run, "--shards").Code);
    }

    /// <summary>
    /// What decides is named. Processors with AVX-512 and with AVX2 measure one run, and what a run time without either makes of our
    /// code is the same bytes; but where a processor has no fused multiply-adds the C library's functions differ, so that its path does.
    /// </summary>
    [Fact]
    public void Processors_with_other_instructions_give_the_same_bytes_or_are_refused()
    {
        string[] trained = [.. Grid, "--sequences", "16", "--preset", "demo", "--boundaries", "1", "--positions", "2", "--sigma", "0.5",
            "--threads", "1", "--seeds", "2", "--out"];
        var (whole, plain) = (Path.Combine(_folder, "whole"), Path.Combine(_folder, "plain"));
        Measure([], whole);
        Measure([("DOTNET_EnableAVX512F", "0")], Run, "--shard", "1/2");
        Measure([("DOTNET_EnableAVX2", "0")], Run, "--shard", "2/2");
        Assert.Equal(Cells(whole), Cells(Run));
        Measure([("DOTNET_EnableHWIntrinsic", "0")], plain);
        Assert.Equal(Cells(whole), Cells(plain));
        if (File.ReadAllText(Path.Combine(whole, "manifest.json")).Contains("\"path\": \"cpu/fma32\"", StringComparison.Ordinal))
        {
            var (code, _, error) = Child.Run([.. trained, plain, "--shard", "1/2"]);
            Assert.Equal(2, code);
            Assert.EndsWith($"{plain}/manifest.json: path differs: \"cpu/x64\" vs \"cpu/fma32\"; use a new --out\n", error);
        }

        void Measure((string, string)[] processor, string run, params string[] more)
        {
            var (code, _, error) = Child.Run(processor, [.. trained, run, .. more]);
            Assert.True(code is 0 or 4, error);
        }

        static string Cells(string run) => Child.Run("show", run, "-o", "jsonl").Out;
    }

    /// <summary>All that a shard writes lies in its run.</summary>
    [Fact]
    public void Nothing_is_left_in_the_home_of_the_user()
    {
        var (home, temporary) = (Path.Combine(_folder, "home"), Path.Combine(_folder, "tmp"));
        Directory.CreateDirectory(home);
        Directory.CreateDirectory(temporary);
        (string, string)[] folders = [("HOME", home), ("XDG_CACHE_HOME", ""), ("TMPDIR", temporary)];

        Assert.Equal(0, Child.Run(folders, [.. Exact, Run, "--shard", "1/1"]).Code);

        Assert.Empty(Directory.GetFileSystemEntries(home));
        Assert.Empty(Directory.GetFiles(temporary, "*", SearchOption.AllDirectories));
        Assert.Equal(["manifest.json", "results.1of1.0.jsonl"], Directory.GetFiles(Run).Select(Path.GetFileName).Order());
    }

    /// <summary>The same shard by two processes at once, neither of which can know of the other.</summary>
    private void RunTwice((string, string)[] environment, params string[] under)
    {
        var whole = Path.Combine(_folder, "whole");
        Assert.Equal(0, Child.Run([.. Exact, whole]).Code);

        var both = Enumerable.Range(0, 2).Select(_ => Child.Start(environment, [.. Exact, Run, "--shard", "1/1"], under)).ToList();
        foreach (var process in both)
        {
            var (code, _, error) = Child.Finish(process);
            Assert.True(code == 0, error);
            process.Dispose();
        }

        Assert.Empty(Directory.GetFiles(Run, "*.partial"));
        Assert.InRange(Directory.GetFiles(Run, "results.1of1.*.jsonl").Length, 1, 2);
        Assert.Equal(Child.Run("show", whole, "-o", "jsonl").Out, Child.Run("show", Run, "-o", "jsonl").Out);
    }

    private static void WaitFor(string journal, Process process)
    {
        var watch = Stopwatch.StartNew();
        while (!File.Exists(journal) || RunJournal.Read(journal).Lines.Count < 3)
        {
            Assert.True(watch.Elapsed < Child.Patience, "no cell was measured");
            Assert.False(process.HasExited, "the shard ended before it was met");
            Thread.Sleep(20);
        }
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            while (true)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full, as it should be.
        }
    }
}
