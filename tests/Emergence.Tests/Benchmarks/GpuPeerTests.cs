using System.Diagnostics;
using System.Text.Json;

namespace Emergence.Tests.Benchmarks;

/// <summary>The scripts that a GPU is measured beside, on CPU torch at tiny sizes: they compute what they claim to.</summary>
public sealed class GpuPeerTests
{
    private const string Python = "/usr/bin/python3";
    private static readonly string s_folder = Path.Combine(TestData.Repository, "benchmarks");

    private static readonly Lazy<bool> s_hasTorch = new(() => File.Exists(Python) && Run(Python, "-c", "import torch").Code == 0);

    /// <summary>Forms of one step: other layouts, other precision, another way through the gather. Same inputs, same values.</summary>
    [Fact]
    public void All_forms_of_the_published_step_train_alike()
    {
        var rows = Peer("mine_step_gpu_torch.py", "--samples", "300", "--width", "24", "--widths", "32,16,12,3,1", "--steps", "80",
            "--warmup", "0", "--seed", "3");

        Assert.Equal(["published", "tf32", "compiled", "expert"], rows.Select(row => row.GetProperty("mode").GetString()));

        // bf16 has 8 bits; a gradient of the gather without the inverse permutation is off by 0.005 here.
        Assert.All(rows, row =>
            Assert.Equal(rows[0].GetProperty("first_bits").GetDouble(), row.GetProperty("first_bits").GetDouble(), 0.001));
        Assert.All(rows, row =>
            Assert.Equal(rows[0].GetProperty("last_bits").GetDouble(), row.GetProperty("last_bits").GetDouble(), 0.002));
    }

    /// <summary>A single row is its own partner, so its scores cancel. What fails is a row too, and the next mode runs.</summary>
    [Fact]
    public void One_row_has_no_information()
    {
        var rows = Peer("mine_step_gpu_torch.py", "--samples", "1", "--width", "8", "--widths", "8,1", "--steps", "1", "--warmup", "0",
            "--modes", "guess,published,expert");
        Assert.Contains("KeyError", rows[0].GetProperty("failed").GetString(), StringComparison.Ordinal);
        Assert.All(rows[1..], row => Assert.Equal(0, row.GetProperty("first_bits").GetDouble(), 1e-6));
    }

    [Fact]
    public void Both_forms_of_the_support_step_train_alike_and_below_the_ceiling()
    {
        var rows = Peer("smine_step_gpu_torch.py", "--classes", "12,40", "--pairs", "500", "--cells", "2", "--width", "24", "--widths",
            "32,16,12,3,1", "--steps", "60", "--warmup", "0");

        Assert.Equal([144, 144, 540, 540], rows.Select(row => row.GetProperty("rows").GetInt32()));
        foreach (var pair in rows.Chunk(2))
        {
            Assert.Equal(pair[0].GetProperty("last_bits").GetDouble(), pair[1].GetProperty("last_bits").GetDouble(), 0.005);
            Assert.All(pair, row => Assert.InRange(row.GetProperty("last_bits").GetDouble(), row.GetProperty("first_bits")
                .GetDouble(), Math.Log2(row.GetProperty("classes").GetInt32())));
        }
    }

    [Fact]
    public void The_forward_pass_keeps_every_boundary()
    {
        var rows = Peer("forward_gpu_torch.py", "--layers", "2", "--width", "32", "--heads", "4", "--vocabulary", "50", "--shapes", "5x3",
            "--steps", "1", "--warmup", "0", "--plain");
        Assert.Equal(["fp32", "tf32", "bf16"], rows.Select(row => row.GetProperty("mode").GetString()));
        Assert.All(rows, row =>
            Assert.Equal((3, true), (row.GetProperty("boundaries").GetInt32(), row.GetProperty("finite").GetBoolean())));
    }

    /// <summary>Forged measurements: the program takes 5 and 7 ms around a peer of 12 ms.</summary>
    [Fact]
    public void The_table_divides_neighbours_in_time()
    {
        if (!File.Exists(Python))
            Assert.Skip("no python3");
        var folder = TestData.TemporaryFolder();
        foreach (var (i, seconds) in new[] { (3, "0.005"), (4, "0.007") })
            File.WriteAllText(Path.Combine(folder, $"mine-{i}.json"),
                $$"""{"rows": [{"kind": "step", "op": "paper", "shape": "300000 rows of 768+768", "median_s": {{seconds}}, "of_roof": 0.5}]}""");
        File.WriteAllText(Path.Combine(folder, "mine.jsonl"), """
            {"name": "mine_step", "mode": "published", "device": "D", "torch": "T", "cuda": null, "samples": 300000, "failed": "OutOfMemoryError: no"}
            {"name": "mine_step", "mode": "expert", "device": "D", "torch": "T", "cuda": null, "samples": 300000, "ms": 12.0}

            """);

        File.WriteAllText(Path.Combine(folder, "parts.jsonl"), """
            {"part": "mine/compiled", "status": "out of time", "seconds": 60, "why": "over 60 s"}
            {"part": "mine/expert", "status": "ok", "seconds": 9, "why": ""}
            {"part": "smine/paper", "status": "out of time", "seconds": 13, "why": "over 13 s"}
            {"part": "forward/torch", "status": "failed", "seconds": 1, "why": "exit 1"}

            """);

        Assert.Equal(0, Run(Python, Path.Combine(s_folder, "gpu_table.py"), folder).Code);

        using var table = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "table.json")));
        var rows = table.RootElement.EnumerateArray().ToDictionary(row => row.GetProperty("what").GetString()!, row =>
            (row.GetProperty("ratio").GetString(), row.GetProperty("drift").GetString(), row.GetProperty("note").GetString()));
        Assert.Equal(("2.00", "40 %", ""), rows["MINE step, N = 300,000: expert PyTorch"]);
        Assert.Equal(("", "", "OutOfMemoryError: no"), rows["MINE step, N = 300,000: published script, fp32"]);
        Assert.Equal("0.63", rows["MINE step, N = 300,000: floor on an H200"].Item1); // 3.77 of 6 ms
        Assert.Equal(("", "", "mine/compiled out of time: over 60 s"), rows["MINE step, N = 300,000: torch.compile + bf16, same layout"]);
        Assert.Equal(("", "", "smine/paper out of time: over 13 s"), rows["s-mine, what smine/paper did not come to"]);
        Assert.Equal(("", "", "forward/torch failed: exit 1"), rows["forward, what forward/torch did not come to"]);
        Assert.Equal("not run", rows["MINE step, N = 300,000: the same with TF32"].Item3);
    }

    [Fact]
    public void The_script_refuses_what_it_does_not_know_and_says_what_is_not_there()
    {
        const string Bash = "/usr/bin/bash";
        if (OperatingSystem.IsWindows() || !File.Exists(Bash) || !File.Exists(Python))
        {
            Assert.Skip("no bash or no python3");
            return;
        }

        var (script, folder) = (Path.Combine(s_folder, "gpu.sh"), TestData.TemporaryFolder());
        Assert.Equal(2, Run(Bash, script).Code);
        Assert.Equal(2, Run(Bash, script, "--program", folder, folder).Code);
        Assert.Equal(2, Run(Bash, script, folder, "benhc").Code);

        var program = Path.Combine(folder, "emergence");
        File.WriteAllText(program, $"#!{Bash}\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Emergence.Cli.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var (code, output) = Run(Bash, script, "--program", folder, "--dry", Path.Combine(folder, "out"), "sanitize=1", "static=1",
            "cells", "machine");

        Assert.Equal(0, code);
        Assert.Contains("| machine/devices | ok |", output, StringComparison.Ordinal);
        Assert.Contains("| cells/lists | ok |", output, StringComparison.Ordinal);
        Assert.Contains("| sanitize", output, StringComparison.Ordinal);
        Assert.Contains("| static | ", output, StringComparison.Ordinal);
        using var devices = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "out", "devices.json")));
        Assert.Contains(devices.RootElement.EnumerateArray(), row => row.GetProperty("device").GetString() == "cpu");
    }

    private static JsonElement[] Peer(string script, params string[] arguments)
    {
        if (!s_hasTorch.Value)
            Assert.Skip("python3-torch is not installed");
        var (code, output) = Run(Python, [Path.Combine(s_folder, "peers", script), "--device", "cpu", .. arguments]);
        Assert.True(code == 0, output);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static (int Code, string Output) Run(string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1"; // tiny sizes: threads only get in each other's way
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, process.ExitCode == 0 ? output : output + error.Result);
    }
}
