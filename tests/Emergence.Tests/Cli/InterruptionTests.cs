using System.Diagnostics;

namespace Emergence.Tests.Cli;

/// <summary>What happens to a run that does not end by itself.</summary>
public sealed class InterruptionTests
{
    private const string Kills = "EMERGENCE_TEST_KILLS";

    /// <summary>Trained cells, so that a run takes long enough to be hit in its middle.</summary>
    private static readonly string[] Trained = Measure(seeds: 2);

    /// <summary>Never seen to its end, however long the machine takes to send a signal.</summary>
    private static readonly string[] Long = Measure(seeds: 200);

    [Fact]
    public void Killed_at_random_moments_a_run_ends_with_the_same_bytes()
    {
        var folder = TestData.TemporaryFolder();
        var (whole, killed) = (Path.Combine(folder, "whole"), Path.Combine(folder, "killed"));
        var watch = Stopwatch.StartNew();
        var (code, _, error) = Child.Run([.. Trained, whole]);
        Assert.True(code is 0 or 4, error);

        // Moments spread over a run and its start; a journal that was seen must still be there after the next kill.
        var random = new Random(12);
        var span = watch.Elapsed / 2;
        var seen = "";
        for (var kill = 0; kill < int.Parse(Environment.GetEnvironmentVariable(Kills) ?? "10"); kill++)
        {
            using var process = Child.Start([.. Trained, killed]);
            process.WaitForExit(random.NextDouble() * span);
            process.Kill();
            process.WaitForExit();
            var journal = Journal(killed);
            Assert.StartsWith(seen, journal);
            seen = journal[..(journal.LastIndexOf('\n') + 1)];
        }

        var again = Child.Run([.. Trained, killed]);
        Assert.True(again.Code == code, again.Error);
        Assert.StartsWith(seen, Journal(killed));
        Assert.Equal(Child.Run("show", whole, "-o", "jsonl").Out, Child.Run("show", killed, "-o", "jsonl").Out);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    [InlineData("USR1", 138)]
    public void A_signal_ends_a_run_soon_and_says_how_to_go_on(string signal, int expected)
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        using var process = Child.Start([.. Long, run]);
        WaitForCells(run, process);
        Child.Signal(process, signal);

        var (code, _, error) = Child.Finish(process);

        Assert.Equal(expected, code);
        Assert.Contains("run the same command again to go on", error);
    }

    [Fact]
    public void A_verb_that_keeps_nothing_does_not_say_that_it_goes_on()
    {
        using var process = Child.Start("calibrate", "--known", "--device", "reference");
        Assert.StartsWith("case ", process.StandardError.ReadLine());
        Child.Signal(process, "INT");

        var (code, output, error) = Child.Finish(process);

        Assert.Equal((130, ""), (code, output));
        Assert.Contains("emergence: interrupted: nothing is kept", error);
        Assert.DoesNotContain("go on", error);
    }

    [Fact]
    public void A_second_process_is_refused_and_told_who_is_there()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        using var process = Child.Start([.. Long, run]);
        WaitForCells(run, process);

        var (code, _, error) = Child.Run([.. Long, run]);

        Assert.False(process.HasExited, "the first process ended too soon to be met");
        process.Kill();
        Assert.Equal(75, code);
        Assert.Contains($"the run is in use by pid {process.Id}", error);
    }

    [Fact]
    public void A_file_system_without_locks_has_one_writer_too()
    {
        var folder = TestData.TemporaryFolder();
        (string, string)[] noLocks = [("LD_PRELOAD", NoLocks.Library(folder))];
        var run = Path.Combine(folder, "run");
        using var first = Child.Start(noLocks, [.. Long, run]);
        WaitForCells(run, first);

        using var second = Child.Start(noLocks, [.. Long, run]);
        var (code, _, error) = Child.Finish(second);
        Assert.False(first.HasExited, "the first process ended too soon to be met");
        Assert.Equal(75, code);
        Assert.Contains($"the run is in use by pid {first.Id} on {Environment.MachineName}, and this file system has no locks", error);

        // An owner that was killed is succeeded.
        first.Kill();
        first.WaitForExit();
        var before = Journal(run).Length;
        using var third = Child.Start(noLocks, [.. Long, run]);
        WaitForCells(run, third, before);
        third.Kill();
        third.WaitForExit();
        Assert.Single(Directory.GetFiles(run), path => Path.GetFileName(path).StartsWith("run.lock.", StringComparison.Ordinal));
    }

    private static string[] Measure(int seeds) => ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--sequences",
        "60", "--boundaries", "1,3", "--seeds", $"{seeds}", "--threads", "1", "--out"];

    private static string Journal(string run)
    {
        var path = Path.Combine(run, "results.jsonl");
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    private static void WaitForCells(string run, Process process, int bytes = 0)
    {
        var watch = Stopwatch.StartNew();
        while (Journal(run).Length <= bytes || Journal(run).Count(c => c == '\n') < 2)
        {
            Assert.True(watch.Elapsed < Child.Patience, "no cell was measured");
            Assert.False(process.HasExited, "the run ended before it was met");
            Thread.Sleep(20);
        }
    }
}
