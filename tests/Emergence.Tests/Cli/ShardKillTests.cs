using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RunJournal = Emergence.Measurement.Run.Journal;

namespace Emergence.Tests.Cli;

/// <summary>
/// Shards that are killed at random moments. EMERGENCE_TEST_KILLS says how many times, 8 by default, for each takes the start of a
/// process; benchmarks/kills.sh does it 2,000 times.
/// </summary>
public sealed partial class ShardKillTests(ITestOutputHelper output)
{
    private const string Kills = "EMERGENCE_TEST_KILLS";

    /// <summary>Trained cells, so that a shard takes long enough to be hit in its middle.</summary>
    private static readonly string[] Trained = ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--sequences", "40",
        "--boundaries", "1,3", "--seeds", "4", "--preset", "demo", "--sigma", "none", "--threads", "1", "--out"];

    private static readonly string[] Shards = ["1/2", "2/2"];

    private readonly string _folder = TestData.TemporaryFolder();
    private int _kills, _ofCells, _acknowledged, _files;

    /// <summary>
    /// Runs are shared out and killed until there were as many kills, and each ends with the bytes of a run that was let alone. A cell is
    /// acknowledged once it is in a file as others see it, or told on the error stream.
    /// </summary>
    [Fact]
    public async Task Killed_shards_lose_no_cell_that_was_there()
    {
        var wanted = int.Parse(Environment.GetEnvironmentVariable(Kills) ?? "8", CultureInfo.InvariantCulture);
        var whole = Path.Combine(_folder, "whole");
        var watch = Stopwatch.StartNew();
        var (code, _, error) = Child.Run([.. Trained, whole]);
        Assert.True(code is 0 or 4, error);
        var span = watch.Elapsed / 2;
        var expected = Child.Run("show", whole, "-o", "jsonl").Out;
        var runs = 0;
        for (; _kills < wanted; runs++)
        {
            var (run, round) = (Path.Combine(_folder, $"run{runs}"), runs);
            await Task.WhenAll(Shards.Select((shard, n) =>
                Task.Run(() => KillUntilDone(run, shard, wanted, new Random(2 * round + n), span))));
            Assert.Equal(expected, Child.Run("show", run, "-o", "jsonl").Out);
            _files += Directory.GetFiles(run, "results.*").Length;
            Assert.DoesNotContain(Directory.GetFiles(run, "*.partial"), path => !path.Contains("manifest", StringComparison.Ordinal));
            Directory.Delete(run, recursive: true);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{_kills} kills of shards of {runs} runs, {_ofCells} of them after new cells; {_acknowledged} cells acknowledged before a "
            + $"kill, 0 lost, in {_files} files; all {runs} runs ended with the bytes of one that was let alone"));
    }

    private void KillUntilDone(string run, string shard, int wanted, Random random, TimeSpan span)
    {
        var seen = new Dictionary<string, string>();
        var known = 0;
        while (true)
        {
            using var process = Child.Start([.. Trained, run, "--shard", shard]);
            var error = process.StandardError.ReadToEndAsync();
            var isKilled = Volatile.Read(ref _kills) < wanted && !process.WaitForExit(random.NextDouble() * span);
            if (isKilled)
                process.Kill();
            process.WaitForExit();
            var words = error.Result;

            // What an earlier look saw stays, and the next start counts it.
            foreach (var (path, text) in seen)
                Assert.StartsWith(text, File.ReadAllText(path));
            if (Before().Match(words) is { Success: true } before)
                Assert.InRange(int.Parse(before.Groups["cells"].Value, CultureInfo.InvariantCulture), known, int.MaxValue);
            var files = Directory.Exists(run) ? Directory.GetFiles(run, $"results.{shard.Replace("/", "of")}.*.jsonl") : [];
            var cells = files.Sum(path => Math.Max(0, RunJournal.Read(path).Lines.Count - 1));
            foreach (Match told in Told().Matches(words))
                Assert.InRange(cells, int.Parse(told.Groups["cells"].Value, CultureInfo.InvariantCulture), int.MaxValue);
            foreach (var path in files)
                seen[path] = File.ReadAllText(path) is var text ? text[..(text.LastIndexOf('\n') + 1)] : "";
            if (!isKilled && process.ExitCode == 0)
                return;
            Assert.True(isKilled || process.ExitCode == 137, words);
            Interlocked.Increment(ref _kills);
            if (cells > known)
                Interlocked.Increment(ref _ofCells);
            Interlocked.Add(ref _acknowledged, cells - known);
            known = cells;
        }
    }

    [GeneratedRegex(@"^(?<cells>\d+) of \d+ cells were finished before", RegexOptions.Multiline)]
    private static partial Regex Before();

    [GeneratedRegex(@"^(?<cells>\d+)/\d+ cells, ", RegexOptions.Multiline)]
    private static partial Regex Told();
}
