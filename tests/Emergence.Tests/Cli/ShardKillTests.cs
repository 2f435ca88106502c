using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RunJournal = Emergence.Measurement.Run.Journal;

namespace Emergence.Tests.Cli;

/// <summary>
/// Shards that are killed at random moments, most of them while they write cells. EMERGENCE_TEST_KILLS says how many times;
/// benchmarks/kills.sh does it 2,000 times.
/// </summary>
public sealed partial class ShardKillTests(ITestOutputHelper output)
{
    private const string Kills = "EMERGENCE_TEST_KILLS";

    /// <summary>Cells that cost nothing but their line: what a kill costs is the start of a process.</summary>
    private static readonly string[] Counted = ["measure", "--model", "stories260k", "--data", "words", "--shots", "12", "--sequences", "8",
        "--boundaries", "0-4", "--estimator", "exact", "--sigma", "none", "--threads", "1", "--out"];

    /// <summary>A shard for each boundary, all at once.</summary>
    private static readonly string[] Shards = ["1/5", "2/5", "3/5", "4/5", "5/5"];

    /// <summary>A process that lives a second has no use for code that is instrumented first.</summary>
    private static readonly (string, string)[] Lean = [("DOTNET_TieredPGO", "0")];

    private readonly string _folder = TestData.TemporaryFolder();
    private int _kills, _ofCells, _acknowledged, _files;

    /// <summary>
    /// Runs are shared out and killed until there were as many kills, and each ends with the bytes of a run that was let alone. A cell is
    /// acknowledged once its line is in a file as others see it, or told on the error stream.
    /// </summary>
    [Fact]
    public async Task Killed_shards_lose_no_cell_that_was_there()
    {
        var wanted = int.Parse(Environment.GetEnvironmentVariable(Kills) ?? "200", CultureInfo.InvariantCulture);
        var whole = Path.Combine(_folder, "whole");
        var watch = Stopwatch.StartNew();
        var (code, _, error) = Child.Run(Lean, [.. Counted, whole]);
        Assert.True(code == 0, error);
        var span = watch.Elapsed;
        var expected = Child.Run("show", whole, "-o", "jsonl").Out;
        watch.Restart();
        var runs = 0;
        for (; _kills < wanted; runs++)
        {
            var (run, round) = (Path.Combine(_folder, $"run{runs}"), runs);
            await Task.WhenAll(Shards.Select((shard, n) =>
                Task.Run(() => KillUntilDone(run, shard, wanted, new Random(Shards.Length * round + n), span))));
            Assert.Equal(expected, Child.Run("show", run, "-o", "jsonl").Out);
            _files += Directory.GetFiles(run, "results.*").Length;
            Assert.All(Directory.GetFiles(run, "*.partial"), path => Assert.Contains("manifest", path, StringComparison.Ordinal));
            Directory.Delete(run, recursive: true);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{_kills} kills of shards of {runs} runs in {watch.Elapsed.TotalSeconds:0} s, {_ofCells} of them after new cells; "
            + $"{_acknowledged} cells acknowledged before a kill, 0 lost, in {_files} files; all {runs} runs ended with the bytes of one "
            + $"that was let alone"));
    }

    /// <summary>What the test above asks of a journal does not hold where a line that was seen is gone, or one that was told.</summary>
    [Fact]
    public void A_cell_that_is_lost_is_seen()
    {
        var path = Path.Combine(_folder, "results.1of5.0.jsonl");
        using (var journal = RunJournal.TryCreate(path)!)
        {
            journal.Append("{\"pid\":1}"u8);
            journal.Append("{\"cell\":1}"u8);
            journal.Append("{\"cell\":2}"u8);
        }

        var all = Acknowledged.In(_folder, "1/5");
        Assert.Equal(2, all.Cells);
        all.MustStand("2/96 cells, 1 s passed");
        File.WriteAllText(path, File.ReadAllText(path)[..^2]);
        Assert.ThrowsAny<Exception>(() => all.MustStand(""));
        Acknowledged.In(_folder, "1/5").MustStand("1/96 cells, 1 s passed");
        Assert.ThrowsAny<Exception>(() => Acknowledged.In(_folder, "1/5").MustStand("2/96 cells, 1 s passed"));
        Assert.ThrowsAny<Exception>(() => Acknowledged.In(_folder, "1/5").MustStand("0 of 96 cells were finished before"));
    }

    private void KillUntilDone(string run, string shard, int wanted, Random random, TimeSpan span)
    {
        for (var before = Acknowledged.In(run, shard); ;)
        {
            using var process = Child.Start(Lean, [.. Counted, run, "--shard", shard]);
            using var told = new ManualResetEventSlim();
            var error = Listen(process, told);
            var isKilled = Volatile.Read(ref _kills) < wanted
                && IsAtItsMoment(process, () => told.IsSet || before.HasGrown(), random, span);
            var seen = Acknowledged.In(run, shard);
            if (isKilled)
                process.Kill();
            process.WaitForExit();
            before.MustStand(error.Result);
            seen.MustStand("");
            if (!isKilled && process.ExitCode == 0)
                return;
            Assert.True(isKilled, error.Result);
            var after = Acknowledged.In(run, shard);
            Interlocked.Increment(ref _kills);
            if (after.Cells > before.Cells)
                Interlocked.Increment(ref _ofCells);
            Interlocked.Add(ref _acknowledged, seen.Cells - before.Cells);
            before = after;
        }
    }

    /// <summary>
    /// Waits for a moment of the process's life, one of four anywhere in it, the others a little after its first new cell was seen in a
    /// file or told; false if its end comes before.
    /// </summary>
    private static bool IsAtItsMoment(Process process, Func<bool> hasCell, Random random, TimeSpan span)
    {
        if (random.Next(4) == 0)
            return !process.WaitForExit(random.NextDouble() * span);
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(1)))
        {
            if (hasCell())
                return !process.WaitForExit(random.NextDouble() * random.NextDouble() * span / 10);
        }

        return false;
    }

    /// <summary>All that the process says on its error stream, and at once that it told of a cell.</summary>
    private static async Task<string> Listen(Process process, ManualResetEventSlim told)
    {
        var all = new StringBuilder();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            all.Append(line).Append('\n');
            if (Told().IsMatch(line))
                told.Set();
        }

        return all.ToString();
    }

    /// <summary>Whole lines of a shard's files, as another process saw them.</summary>
    private sealed class Acknowledged
    {
        private readonly string _run, _pattern;
        private readonly Dictionary<string, string> _lines;

        private Acknowledged(string run, string pattern)
        {
            (_run, _pattern) = (run, pattern);
            _lines = Files().ToDictionary(path => path, path => File.ReadAllText(path) is var text ? text[..(text.LastIndexOf('\n') + 1)]
                : "");
            Cells = Files().Sum(path => Math.Max(0, RunJournal.Read(path).Lines.Count - 1));
        }

        public int Cells { get; }

        public static Acknowledged In(string run, string shard) => new(run, $"results.{shard.Replace("/", "of")}.*.jsonl");

        public bool HasGrown() => new Acknowledged(_run, _pattern).Cells > Cells;

        /// <summary>Every line is still where it was, the next start counts all cells, and none was told that is not there.</summary>
        public void MustStand(string told)
        {
            foreach (var (path, text) in _lines)
                Assert.StartsWith(text, File.ReadAllText(path));
            if (Before().Match(told) is { Success: true } before)
                Assert.InRange(int.Parse(before.Groups["cells"].Value, CultureInfo.InvariantCulture), Cells, int.MaxValue);
            var now = new Acknowledged(_run, _pattern).Cells;
            foreach (Match line in Told().Matches(told))
                Assert.InRange(now, int.Parse(line.Groups["cells"].Value, CultureInfo.InvariantCulture), int.MaxValue);
        }

        private string[] Files() => Directory.Exists(_run) ? Directory.GetFiles(_run, _pattern) : [];
    }

    [GeneratedRegex(@"^(?<cells>\d+) of \d+ cells were finished before", RegexOptions.Multiline)]
    private static partial Regex Before();

    [GeneratedRegex(@"^(?<cells>\d+)/\d+ cells, ", RegexOptions.Multiline)]
    private static partial Regex Told();
}
