using System.Text.Json;
using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Lab.Benchmarks;
using Emergence.Lab.Reports;
using Emergence.Lab.Verification;
using Emergence.Tests.Cli;
using Emergence.Tests.Devices.Cuda;

namespace Emergence.Tests.Lab.Benchmarks;

public class BenchTests
{
    [Fact]
    public void Quartiles_by_hand()
    {
        // Batches of two calls; sorted seconds a call are 1, 2, 3, 4.
        var timing = Timing.Of([new(8, 2), new(2, 4), new(6, 6), new(4, 8)], 2);
        Assert.Equal((8, 2.5, 1.75, 3.25, 2.5), (timing.Calls, timing.Median, timing.Low, timing.High, timing.Host));
        Assert.Equal(7, Timing.Of([new(7, 1)], 1).High);
    }

    [Fact]
    public void Rates_and_shares_by_hand()
    {
        // 2 GB and 4 GFLOP in 4 ms: 500 GB/s, 1 TFLOP/s; at 1,000 GB/s and 2 TFLOP/s both take 2 ms.
        var row = Row("Gate", 4e-3) with { Bytes = 2e9, Flops = 4e9 };
        Assert.Equal((500, 1), (row.Gigabytes!.Value, row.Teraflops!.Value));
        Assert.Equal(0.5, row.ShareOf(new(1e12, 2e12))!.Value, 12);
        Assert.Equal(0.25, row.ShareOf(new(2e12, 4e12))!.Value, 12);
        Assert.Null((row with { Bytes = 0, Flops = 0 }).ShareOf(new(1e12, 2e12)));
    }

    [Theory]
    [InlineData(1, 0.9, 1.1, 1.04, 1, 1.2, "same")]
    [InlineData(1, 0.9, 1.1, 0.96, 0.9, 1, "same")]
    [InlineData(1, 0.9, 1.1, 1.3, 1.2, 1.4, "slower")]
    [InlineData(1, 0.9, 1.1, 1.3, 1.05, 1.4, "ambiguous")]
    [InlineData(1, 0.9, 1.1, 0.7, 0.6, 0.8, "faster")]
    [InlineData(1, 0.9, 1.1, 0.7, 0.6, 0.95, "ambiguous")]
    public void Verdicts_by_the_spreads(
        double median, double low, double high, double median2, double low2, double high2, string expected) =>
        Assert.Equal(expected, BenchReport.Verdict(new(9, median, low, high, 0), new(9, median2, low2, high2, 0), 0.05));

    [Fact]
    public void A_file_reads_back_as_it_was_written()
    {
        var kernel = Row("MatMul", 2e-5) with { Kind = "kernel", Kernel = "matmul_sum", Cache = "cold", Bytes = 7, Flops = 1e12 };
        var file = File([Row("Gate", 1.0 / 3), kernel]) with { Driver = "550.54, CUDA 12.4", Skipped = ["op \"X\": no memory"] };
        var path = Path.Combine(TestData.TemporaryFolder(), "a.json");
        System.IO.File.WriteAllText(path, file.ToJson());

        var read = BenchFile.Read(path);

        Assert.Equal(file.Rows, read.Rows);
        Assert.Equal(file.Skipped, read.Skipped);
        Assert.Equal(file, read with { Rows = file.Rows, Skipped = file.Skipped });
        using var json = JsonDocument.Parse(file.ToJson());
        foreach (var name in new[] { "device", "description", "path", "driver", "date", "version", "command" })
            Assert.True(json.RootElement.TryGetProperty(name, out _), name);
    }

    [Fact]
    public void Compare_finds_what_became_slower_and_refuses_other_devices()
    {
        var folder = TestData.TemporaryFolder();
        var before = Write("before", File([Row("Gate", 1), Row("Adam", 1), Row("Embed", 1)]));
        var slower = Write("slower", File([Row("Gate", 1.01), Row("Adam", 2), Row("Rotate", 1)]));
        var faster = Write("faster", File([Row("Gate", 0.5), Row("Adam", 1)]));
        var other = Write("other", File([Row("Gate", 1), Row("Adam", 1)]) with { Description = "another GPU" });

        var (code, output, error) = Child.Run("bench", "compare", before, slower, "-o", "csv");
        Assert.True(code == 5, error);
        string[] rows = [.. output.Split("\r\n").Skip(1).Where(line => line.Length > 0)];
        Assert.Equal(
            ["Gate same", "Adam slower", "Embed only before", "Rotate only after"],
            rows.Select(row => row.Split(',')).Select(cells => $"{cells[1]} {cells[^1]}"));
        Assert.Equal(0, Child.Run("bench", "compare", before, slower, "--threshold", "150%").Code);
        Assert.Equal(0, Child.Run("bench", "compare", before, faster).Code);
        (code, _, error) = Child.Run("bench", "compare", before, other);
        Assert.Equal(2, code);
        Assert.Contains("different devices", error, StringComparison.Ordinal);
        Assert.Equal(0, Child.Run("bench", "compare", before, other, "--across").Code);

        System.IO.File.WriteAllText(other, "{}");
        (code, _, error) = Child.Run("bench", "compare", before, other);
        Assert.Equal(2, code);
        Assert.Contains("expected what bench -o json wrote", error, StringComparison.Ordinal);

        string Write(string name, BenchFile file)
        {
            var path = Path.Combine(folder, name + ".json");
            System.IO.File.WriteAllText(path, file.ToJson());
            return path;
        }
    }

    [Fact]
    public void A_driver_is_named_where_there_is_one()
    {
        var file = File([Row("Gate", 1)]);

        Assert.StartsWith("a GPU (cuda/fma32), 2026-01-02", BenchReport.About(file), StringComparison.Ordinal);
        Assert.StartsWith(
            "a GPU (cuda/fma32), driver 550.1, 2026-01-02", BenchReport.About(file with { Driver = "550.1" }), StringComparison.Ordinal);
    }

    [Fact]
    public void The_emulator_has_a_row_for_every_kernel_of_an_op()
    {
        if (CudaLibrary.FindEmulator() == null)
            Assert.Skip("the emulator is not built: CMake and a C++ compiler make it");
        var path = Path.Combine(TestData.TemporaryFolder(), "emulator.json");
        var (code, output, error) = Child.Run("bench", "--device", "emulator", "--op", "SumByIndex", "--seconds", "0.01", "-o", "json");
        Assert.True(code == 0, error);
        System.IO.File.WriteAllText(path, output);
        var file = BenchFile.Read(path);
        foreach (var cache in new[] { "warm", "cold" })
            Assert.Equal(
                ["sort_scatter", "sort_starts", "sum_by_index"],
                file.Rows.Where(row => row.Kind == "kernel" && row.Cache == cache).Select(row => row.Kernel).Order(StringComparer.Ordinal));
        Assert.All(file.Rows.Where(row => row.Kernel == "sum_by_index"), row => Assert.True(row.ShareOf(file.Roof) > 0, row.ToString()));
        Assert.All(
            file.Rows,
            row => Assert.True(row.Time.Low > 0 && row.Time.Low <= row.Time.Median && row.Time.Median <= row.Time.High, row.ToString()));
        Assert.True(file.Roof is { BytesPerSecond: > 0, FlopsPerSecond: > 0 });
        Assert.Equal("emulator", file.Device);
    }

    /// <summary>Those of critics in bf16 and those that serve a step as a whole are measured with a step: KernelWorkTests.</summary>
    [Fact]
    public void Every_kernel_of_a_single_op_is_measured()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        var run = new BenchRun(device, 0.001, _ => { }, CancellationToken.None);
        foreach (var bench in OpBenches.All(DeviceScale.Tiny))
            run.Measure(bench);

        Assert.Empty(run.Skipped);
        var seen = run.Rows.Where(row => row.Kind == "kernel").Select(row => row.Kernel).ToHashSet();
        string[] files = ["elementwise", "rows", "norm", "matmul", "attention", "sums"];
        Assert.All(KernelTable.Rows.Where(row => files.Contains(row.File)), row => Assert.Contains(row.Name, seen));
        Assert.All(OpBenches.Ops, op => Assert.Contains(run.Rows, row => row.Kind == "op" && row.Op == op));
        Assert.Empty(OpChecks.Ops.Except(OpBenches.Ops).Except(["Train"]));
    }

    private static BenchRow Row(string op, double seconds) =>
        new("op", op, "", "(1, 2)", "warm", new(9, seconds, 0.9 * seconds, 1.1 * seconds, 1e-6), 0, 0);

    private static BenchFile File(BenchRow[] rows) => new()
    {
        Device = "cuda",
        Description = "a GPU",
        Path = "cuda/fma32",
        Version = "0.1.0",
        Command = "emergence bench",
        Date = "2026-01-02T03:04:05Z",
        RoofBytesPerSecond = 1e12,
        RoofFlopsPerSecond = 2e13,
        Rows = rows,
    };
}
