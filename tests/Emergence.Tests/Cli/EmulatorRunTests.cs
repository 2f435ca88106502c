using System.Text.Json;
using System.Text.RegularExpressions;
using Emergence.Tests.Devices.Cuda;

namespace Emergence.Tests.Cli;

/// <summary>Whole runs with the GPU's kernels and launches, executed by the emulator, against those of the CPU.</summary>
public sealed class EmulatorRunTests
{
    /// <summary>What a change of 1e-7 in every input may do to a value of s-mine, in bits: the largest that was seen is 0.0016.</summary>
    private const double SingleTolerance = 0.005;

    /// <summary>
    /// In bf16 a training takes another way, to the same place: trainings end within 0.01 bits below the exact value, and none
    /// can be above it.
    /// </summary>
    private const double HalfTolerance = 0.01;

    /// <summary>For both types of arithmetic and all ways to batch together.</summary>
    private const long MostMultiplyAdds = 1_000_000_000;

    private static readonly string[] s_words = ["the", "to", "and", "was"];

    private readonly string _folder = TestData.TemporaryFolder();

    [Fact]
    public void A_run_of_the_emulator_is_that_of_the_cpu_whatever_is_batched()
    {
        _ = EmulatorFixture.Kernels;
        File.WriteAllLines(Path.Combine(_folder, "words.txt"), s_words);
        var expected = Run("cpu", "--device", "cpu", "--boundaries", "1,4", "--positions", "1,3", "--seeds", "1");
        Assert.Equal(8, expected.Count);
        var work = 0L;
        foreach (var (type, path, tolerance) in ((string, string, double)[])[("float32", "emulator/fma32", SingleTolerance),
            ("bfloat16", "emulator/bf16", HalfTolerance)])
        {
            string[] device = ["--device", "emulator", "--dtype", type];
            var all = Run($"all-{type}", [.. device, "--boundaries", "1,4", "--positions", "1,3", "--seeds", "1"]);
            var manifest = Manifest($"all-{type}");
            Assert.Equal(type, manifest.GetProperty("settings").GetProperty("dtype").GetString());
            Assert.Equal(path, manifest.GetProperty("device").GetProperty("path").GetString());
            Compare(expected, all, tolerance);

            // Alone, and among others of another seed: the same line of the journal, to the byte.
            var alone = Run($"alone-{type}", [.. device, "--boundaries", "4", "--positions", "3", "--seeds", "1"]);
            var among = Run($"among-{type}", [.. device, "--boundaries", "1", "--positions", "1", "--seeds", "3"]);
            Assert.Equal((2, 6), (alone.Count, among.Count));
            Assert.All(alone, cell => Assert.Equal(all[cell.Key].Line, cell.Value.Line));
            Assert.Equal(2, among.Keys.Count(all.ContainsKey));
            Assert.All(among.Where(cell => all.ContainsKey(cell.Key)), cell => Assert.Equal(all[cell.Key].Line, cell.Value.Line));
            work += all.Values.Concat(alone.Values).Concat(among.Values).Sum(cell => cell.Json.GetProperty("multiply_adds").GetInt64());
        }

        Assert.InRange(work, 1, MostMultiplyAdds);
    }

    /// <summary>Weights are streamed, under the smallest bound and under one that has room for two blocks.</summary>
    [Fact]
    public void A_bound_on_the_memory_of_the_gpu_decides_about_no_cell()
    {
        _ = EmulatorFixture.Kernels;
        string[] run = ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--sequences", "12", "--estimator", "exact",
            "--sigma", "none", "--device", "emulator", "--out"];
        var expected = Cells("free", "resident");
        var (code, _, refused) = Child.Run(
            [.. run, Path.Combine(_folder, "none"), "--weights", "streamed", "--memory", "1KiB", "--dry-run"]);
        Assert.Equal(1, code);
        var least = Regex.Match(refused, @"--memory (\S+) is the smallest that would do").Groups[1].Value;
        Assert.Equal(expected, Cells("least", "streamed", "--weights", "streamed", "--memory", least));
        Assert.Equal(expected, Cells("roomy", "streamed", "--weights", "streamed", "--memory", "64MiB"));

        string[] Cells(string name, string placement, params string[] more)
        {
            var folder = Path.Combine(_folder, name);
            var (code, _, error) = Child.Run([.. run, folder, .. more]);
            Assert.True(code == 0, error);
            Assert.Contains($"weights {placement}: ", error);
            return [.. File.ReadAllLines(Path.Combine(folder, "results.jsonl")).Skip(1).Order(StringComparer.Ordinal)];
        }
    }

    private static void Compare(Dictionary<string, (string Line, JsonElement Json)> expected, Dictionary<string, (
        string Line, JsonElement Json)> found, double tolerance)
    {
        var cells = found.Values.ToDictionary(cell => Name(cell.Json), cell => cell.Json);
        Assert.Equal(expected.Count, cells.Count);
        foreach (var (_, want) in expected.Values)
        {
            var have = cells[Name(want)];
            Assert.Equal(want.GetProperty("exact_bits").GetDouble(), have.GetProperty("exact_bits").GetDouble(), 1e-12);
            Assert.Equal(want.GetProperty("stopped_by").GetString(), have.GetProperty("stopped_by").GetString());
            Assert.Equal(want.GetProperty("mi_bits").GetDouble(), have.GetProperty("mi_bits").GetDouble(), tolerance);
            Assert.Equal(0, have.GetProperty("steps_above_ceiling").GetInt32());
        }

        Assert.Contains(cells.Values, cell => cell.GetProperty("mi_bits").GetDouble() > 3);
    }

    private static string Name(JsonElement cell) =>
        $"{cell.GetProperty("kind")} {cell.GetProperty("boundary")} {cell.GetProperty("position")}";

    /// <summary>The journal of a run by the keys of its cells.</summary>
    private Dictionary<string, (string Line, JsonElement Json)> Run(string name, params IEnumerable<string> options)
    {
        var run = Path.Combine(_folder, name);
        var (code, _, error) = Child.Run(["measure", "--model", "stories260k", "--data", Path.Combine(_folder, "words.txt"), "--shots", "2",
            "--preset", "demo", "--out", run, .. options]);
        Assert.True(code == 0, error);
        return File.ReadLines(Path.Combine(run, "results.jsonl")).Skip(1).ToDictionary(Key, line => (line, Parse(line)));

        static string Key(string line) => Parse(line).GetProperty("cell").GetString()!;
    }

    /// <summary>A line is a cell and its checksum.</summary>
    private static JsonElement Parse(string line) => JsonDocument.Parse(line[..(line.LastIndexOf('}') + 1)]).RootElement;

    private JsonElement Manifest(string name) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, name, "manifest.json"))).RootElement;
}
