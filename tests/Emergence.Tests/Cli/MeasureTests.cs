using System.Text.Json;
using Emergence.Measurement.Settings;

namespace Emergence.Tests.Cli;

public sealed class MeasureTests
{
    private static readonly string[] Exact =
        ["measure", "--model", "stories260k", "--data", "words", "--shots", "2", "--estimator", "exact", "--device", "reference"];

    [Fact]
    public void Exact_values_of_a_real_model_are_those_of_its_data()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        var (code, output, error) = Child.Run([.. Exact, "--out", run]);

        Assert.True(code == 0, error);
        Assert.Contains("report: " + Path.Combine(run, "report.html"), output);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(run, "figures"), "*.svg"));
        Assert.Contains("<html", File.ReadAllText(Path.Combine(run, "report.html")));
        var rows = Show(run);
        var cells = rows.Where(row => row.TryGetProperty("kind", out _)).ToList();
        Assert.Equal(2 * 5 * 4, cells.Count);
        Assert.Equal(
            ["kind", "boundary", "position", "estimator", "seed", "mi_bits", "exact_bits", "h_prefix_bits", "log2_n", "k", "mu",
                "collisions_x", "collisions_y", "sd_bits", "steps", "stopped_by", "max_gap_bits", "held_out_gap_bits", "steps_above",
                "max_score", "non_finite", "verdict"],
            cells[0].EnumerateObject().Select(member => member.Name));

        // Boundary 0 knows the token alone; further up every prefix is kept apart.
        double[] first = [Math.Log2(25), 0, Math.Log2(25), 0], above = [Math.Log2(25), Math.Log2(25), Math.Log2(600), Math.Log2(600)];
        foreach (var cell in cells)
        {
            var (l, t) = (cell.GetProperty("boundary").GetInt32(), cell.GetProperty("position").GetInt32());
            var expected = cell.GetProperty("kind").ValueEquals("micro") || l == 0 ? first[t] : above[t];
            Assert.Equal(expected, cell.GetProperty("mi_bits").GetDouble(), 1e-9);
            Assert.Equal("ok", cell.GetProperty("verdict").GetString());
        }

        // IE(l, 4) = log2 600 - log2(25) / 2 above the first block.
        var emergence = rows.Where(row => row.TryGetProperty("ie_bits", out _)).ToList();
        Assert.Equal(["boundary", "tokens", "ie_bits", "lo", "hi", "exact_bits", "verdict"], emergence[0].EnumerateObject()
            .Select(member => member.Name));
        Assert.Equal(Math.Log2(600) - Math.Log2(25) / 2, emergence[^1].GetProperty("ie_bits").GetDouble(), 1e-9);
        Assert.Equal(5 * 4, emergence.Count);
        Assert.All(emergence, row => Assert.Equal(row.GetProperty("ie_bits").GetDouble(), row.GetProperty("exact_bits").GetDouble(), 1e-9));
        Assert.All(emergence, row => Assert.Equal("ok", row.GetProperty("verdict").GetString()));
        Assert.Equal([1, 2, 3, 4], rows.Where(row => row.TryGetProperty("e_bits", out _))
            .Select(row => row.GetProperty("tokens").GetInt32()));
    }

    [Fact]
    public void Other_settings_are_refused_by_name_and_the_same_ones_go_on()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        Assert.Equal(0, Child.Run([.. Exact, "--out", run, "--boundaries", "0"]).Code);
        var journal = File.ReadAllText(Path.Combine(run, "results.jsonl"));

        var (code, _, error) = Child.Run([.. Exact, "--out", run, "--boundaries", "0", "--seed", "5"]);
        Assert.Equal(2, code);
        Assert.Contains("seed differs: 1 vs 5; use a new --out", error);

        (code, _, error) = Child.Run([.. Exact, "--out", run, "--boundaries", "0"]);
        Assert.Equal(0, code);
        Assert.Contains("8 of 8 cells were finished before", error);
        Assert.Equal(journal, File.ReadAllText(Path.Combine(run, "results.jsonl")));
    }

    [Fact]
    public void A_config_file_gives_options_and_the_command_line_wins()
    {
        var folder = TestData.TemporaryFolder();
        var config = Path.Combine(folder, "config.json");
        File.WriteAllText(config,
            """{ "model": "stories260k", "data": "words", "shots": 1, "estimator": "exact", "device": "reference", "bos": true, "boundaries": [0, 2] }""");
        var run = Path.Combine(folder, "run");

        var (code, _, error) = Child.Run("measure", "--config", config, "--shots", "2", "--out", run);

        Assert.True(code == 0, error);
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "manifest.json")));
        var settings = manifest.RootElement.GetProperty("settings");
        Assert.Equal(2, settings.GetProperty("shots").GetInt32());
        Assert.True(settings.GetProperty("bos").GetBoolean());
        Assert.Equal("[0,2]", settings.GetProperty("boundaries").GetRawText().Replace(" ", "").Replace("\n", ""));
        Assert.Contains(settings.GetProperty("estimator").GetString()!, error);

        File.WriteAllText(config, """{ "modle": "x" }""");
        (code, _, error) = Child.Run("measure", "--config", config, "--out", run);
        Assert.Equal(2, code);
        Assert.Contains("'modle' is no option of measure", error);
    }

    [Fact]
    public void A_dry_run_prints_the_cost_and_writes_nothing()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");

        var (code, output, _) = Child.Run([.. Exact, "--out", run, "--dry-run", "--json"]);

        Assert.Equal(0, code);
        Assert.False(Directory.Exists(run));
        using var json = JsonDocument.Parse(output);
        Assert.Equal(40, json.RootElement[0].GetProperty("cells").GetInt32());
        var parts = json.RootElement.EnumerateArray().Skip(1)
            .ToDictionary(row => row.GetProperty("memory").GetString()!, row => row.GetProperty("bytes").GetDouble());
        Assert.Equal(["weights", "boundaries", "forward pass", "noise", "free"], parts.Keys);

        // 25 + 25 + 600 + 600 prefixes and 26 tokens alone, of 64 doubles; in a block 64 normed, 64 queries, 2 x 32 keys and values, 64
        // mixed, 2 x 172 inside.
        const int Rows = 1_250 + 26;
        Assert.Equal((4.0 * 260_032, Rows * (2.0 * 64 * 8 + 4 * 4), Rows * 600.0 * 8),
            (parts["weights"], parts["boundaries"], parts["forward pass"]));

        // Of one seed 1,024 draws of 64; the 600 states drawn, 600 in a tile, their distances, and products of all draws with these.
        Assert.Equal(8.0 * ((1_024 + 600 + 600) * 64 + (600 + 1_024) * 600), parts["noise"]);
        Assert.Equal(parts["weights"] + parts["boundaries"] + parts["forward pass"] + parts["noise"],
            json.RootElement[0].GetProperty("memory_bytes").GetDouble());

        // Nothing is trained: what is likely is all there is.
        var first = json.RootElement[0];
        Assert.Equal(first.GetProperty("seconds").GetDouble(), first.GetProperty("seconds_at_most").GetDouble());
    }

    [Fact]
    public void A_plan_that_does_not_fit_says_what_it_needs()
    {
        // 3.5 GB without trainings, one of 1.2 GB and 1 GB that stays free: 5.7.
        var plan = new MemoryPlan
        {
            Weights = 2_000_000_000,
            Boundaries = 1_000_000_000,
            Forward = 400_000_000,
            TileRows = 100,
            Critics = 1,
            Inputs = 100_000_000,
            Critic = 1_200_000_000,
            Reserved = 1_000_000_000,
            Free = 4_100_000_000,
        };

        Assert.False(plan.Fits);
        Assert.Equal("does not fit into device cuda: needs 5.7 GB, 4.1 GB free; take fewer sequences, a smaller preset or another device",
            plan.Shortage("cuda"));
        Assert.True((plan with { Free = plan.Needed }).Fits);
    }

    [Fact]
    public void The_type_that_auto_stands_for_is_recorded()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        var (code, _, error) = Child.Run([.. Exact, "--boundaries", "0", "--dtype", "auto", "--out", run]);

        Assert.True(code == 0, error);
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "manifest.json")));
        Assert.Equal("float32", manifest.RootElement.GetProperty("settings").GetProperty("dtype").GetString());

        // So it is the same run for whoever names the type.
        (code, _, error) = Child.Run([.. Exact, "--boundaries", "0", "--dtype", "float32", "--out", run]);
        Assert.True(code == 0, error);
        Assert.Contains("8 of 8 cells were finished before", error);
    }

    [Fact]
    public void A_sample_has_a_sampling_error_and_is_at_its_ceiling()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        var (code, _, error) = Child.Run([.. Exact, "--sequences", "100", "--boundaries", "1", "--out", run]);

        Assert.True(code == 0, error);
        var rows = Show(run);
        Assert.Contains(rows, row => row.TryGetProperty("verdict", out var verdict) && verdict.ValueEquals("at ceiling"));
        var last = rows.Last(row => row.TryGetProperty("ie_bits", out _));
        Assert.Equal("at ceiling", last.GetProperty("verdict").GetString());
        Assert.InRange(last.GetProperty("ie_bits").GetDouble(), last.GetProperty("lo").GetDouble() + 1e-6, last.GetProperty("hi")
            .GetDouble() - 1e-6);
    }

    [Fact]
    public void A_grid_that_makes_no_emergence_says_so()
    {
        var (code, output, error) =
            Child.Run([.. Exact, "--boundaries", "0", "--positions", "3", "--out", Path.Combine(TestData.TemporaryFolder(), "run")]);
        Assert.Equal(0, code);
        Assert.Contains("no IE: after T tokens it takes", error);
        Assert.DoesNotContain("nan", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Runs_with_nothing_to_compare_are_the_wrong_runs()
    {
        var folder = TestData.TemporaryFolder();
        var (first, later) = (Path.Combine(folder, "first"), Path.Combine(folder, "later"));
        Assert.Equal(0, Child.Run([.. Exact, "--boundaries", "0", "--positions", "0", "--out", first]).Code);
        Assert.Equal(0, Child.Run([.. Exact, "--boundaries", "0", "--positions", "1", "--out", later]).Code);

        var (code, output, error) = Child.Run("compare", first, later);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains("the runs have no E(T) in common", error);
    }

    [Fact]
    public void A_failed_cell_has_no_value_to_tell()
    {
        // Words repeat, and ksg counts neighbours of rows that do not.
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        var (code, _, error) = Child.Run("measure", "--model", "stories260k", "--data", "words", "--shots", "1", "--boundaries", "0",
            "--positions", "1", "--estimator", "ksg", "--device", "reference", "--out", run);

        Assert.True(code == 3, error);
        Assert.Contains("micro 0-1 t1: failed", error);
        Assert.DoesNotContain("NaN", error);

        // Tried again, and the failure is the same.
        (code, _, error) = Child.Run("measure", "--model", "stories260k", "--data", "words", "--shots", "1", "--boundaries", "0",
            "--positions", "1", "--estimator", "ksg", "--device", "reference", "--out", run);
        Assert.Equal(3, code);
        Assert.Contains("micro 0-1 t1: failed", error);
    }

    [Fact]
    public void What_the_model_may_hold_is_recorded_and_repeated()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");

        var (code, _, error) = Child.Run([.. Exact, "--boundaries", "0", "--allow-nonfinite", "--out", run]);

        Assert.True(code == 0, error);
        Assert.Contains("\"allow_nonfinite\": true", File.ReadAllText(Path.Combine(run, "manifest.json")));
        Assert.Contains("--allow-nonfinite", File.ReadAllText(Path.Combine(run, "report.html")));
    }

    [Theory]
    [InlineData("md")]
    [InlineData("csv")]
    [InlineData("json")]
    [InlineData("latex")]
    public void Show_writes_every_format(string format)
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        Assert.Equal(0, Child.Run([.. Exact, "--boundaries", "0", "--out", run]).Code);

        var (code, output, _) = Child.Run("show", run, "-o", format);

        Assert.Equal(0, code);
        Assert.Contains("verdict", output);
        Assert.Contains("ie", output);
    }

    [Fact]
    public void A_damaged_journal_is_shown_up_to_the_damage()
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        Assert.Equal(0, Child.Run([.. Exact, "--boundaries", "0", "--out", run]).Code);
        var path = Path.Combine(run, "results.jsonl");
        var lines = File.ReadAllLines(path);
        lines[3] = lines[3].Replace("macro", "mocro");
        File.WriteAllText(path, string.Join('\n', lines) + "\n");

        var (code, output, error) = Child.Run("show", run, "-o", "jsonl");
        Assert.Equal(1, code);
        Assert.Equal(2, output.Split('\n').Count(line => line.Contains("verdict")));
        Assert.Contains("line 4 does not match its checksum", error);

        (code, _, error) = Child.Run([.. Exact, "--boundaries", "0", "--out", run]);
        Assert.Equal(1, code);
        Assert.Contains("line 4 does not match its checksum", error);
    }

    internal static List<JsonElement> Show(string run) =>
        [.. Child.Run("show", run, "-o", "jsonl").Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];
}
