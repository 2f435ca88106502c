using System.Text.Json;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Ilgpu;
using Emergence.Tests.Cli;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Ilgpu;

public class IlgpuDeviceTests
{
    [Fact]
    public void A_number_chooses_a_device_and_is_part_of_its_name()
    {
        var best = TestDevices.Get(IlgpuDevices.Name);
        using var first = DeviceTable.Create("ilgpu:0", new());
        Assert.Equal(("ilgpu", "ilgpu:0"), (best.Name, first.Name));
        Assert.Equal(best.Path, first.Path);
        Assert.StartsWith("ilgpu/", best.Path);
        Assert.DoesNotContain(' ', best.Path);
        var error = Assert.Throws<EmergenceException>(() => DeviceTable.Create("ilgpu:99", new()));
        Assert.Contains("found ilgpu:99", error.Message);
    }

    [Theory]
    [InlineData("ilgpu:", "expected a number of 0 or more behind ilgpu:, found ''")]
    [InlineData("ilgpu:-1", "expected a number of 0 or more behind ilgpu:, found '-1'")]
    [InlineData("ilgpu:one", "expected a number of 0 or more behind ilgpu:, found 'one'")]
    [InlineData("cpu:0", "expected device cpu without a number, found 'cpu:0'")]
    public void A_wrong_number_is_a_mistake_of_the_user(string name, string message)
    {
        var error = Assert.Throws<EmergenceException>(() => DeviceTable.Create(name, new()));
        Assert.Equal((message, ExitCode.Usage), (error.Message, error.ExitCode));
    }

    /// <summary>The rows of a wide matrix, of a type that needs no conversion, come from where they lie.</summary>
    [Fact]
    public void Views_of_every_type_come_back()
    {
        var device = TestDevices.Get(IlgpuDevices.Name);
        foreach (var type in Enum.GetValues<DType>())
        {
            var (size, bytes) = (type.Size(), new byte[7 * 9 * type.Size()]);
            new Random(5).NextBytes(bytes);
            using var all = device.Allocate(type, 7, 9);
            device.Upload(bytes, all);
            var found = new byte[3 * 4 * size];
            device.Download(all.RowRange(2, 3).ColumnRange(5, 4), found);
            var expected = Enumerable.Range(2, 3).SelectMany(row => bytes.AsSpan((row * 9 + 5) * size, 4 * size).ToArray());
            Assert.Equal(expected, found);
        }
    }

    /// <summary>For a device without double precision: the same value and gradient, but for the order of sums.</summary>
    [Fact]
    public void The_objective_is_the_same_on_the_host()
    {
        var device = Assert.IsType<IlgpuDevice>(TestDevices.Get(IlgpuDevices.Name));
        using var op = new OpCase(IlgpuDevices.Name, 4);
        double[] weights = [.. Enumerable.Repeat(1.0 / 3000, 3000)];
        var (scores, joint, marginal) =
            (op.Random(3000, 1, 9).Tested, op.Matrix(weights, 3000, 1).Tested, op.Matrix(weights, 3000, 1).Tested);
        var (first, second) = (op.Random(3000, 1).Tested, op.Random(3000, 1).Tested);
        var expected = device.DonskerVaradhan(scores, joint, marginal, first);
        var found = device.DonskerVaradhanOnHost(scores, joint, marginal, second);
        Assert.Equal(expected.Joint, found.Joint, 1e-12);
        Assert.Equal(expected.LogPartition, found.LogPartition, 1e-12);
        Assert.Equal((expected.MaxScore, expected.NonFinite), (found.MaxScore, found.NonFinite));
        Assert.Equal(op.Read(first), op.Read(second), (p, q) => Math.Abs(p - q) <= 1e-7 * Math.Abs(p));
    }

    [Fact]
    public void Ops_may_be_called_from_several_threads()
    {
        var device = TestDevices.Get(IlgpuDevices.Name);
        var expected = Run();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ => Assert.Equal(expected, Run()));

        double[] Run()
        {
            using var a = device.Allocate(70, 1100);
            using var y = device.Allocate(70, 70);
            using var sums = device.Allocate(1, 70);
            device.Upload(OpCase.Values(new Random(1), 70 * 1100), a);
            device.MatMul(a, a, y, transposeB: true);
            device.SumRows(y, sums);
            return OpCase.Read(device, sums);
        }
    }

    /// <summary>A loader of OpenCL that finds no driver: one line that says what to install.</summary>
    [Fact]
    public void Without_a_device_one_line_says_what_to_install()
    {
        var empty = TestData.TemporaryFolder();
        var (code, output, error) = Child.Run([("OCL_ICD_VENDORS", empty)], ["devices", "--json"]);
        Assert.Equal((0, ""), (code, error));
        var row = Assert.Single(output.Split('\n'), line => line.Contains("ilgpu", StringComparison.Ordinal));
        Assert.Contains("not here: ", row);
        Assert.Contains("pocl-opencl-icd and ocl-icd-libopencl1", row);
    }

    [Fact]
    public void A_measurement_is_the_same_on_one_and_two_compute_units_and_agrees_with_the_processor()
    {
        _ = TestDevices.Get(IlgpuDevices.Name);
        var folder = TestData.TemporaryFolder();
        var one = Measure("1", IlgpuDevices.Name);
        Assert.Equal(one, Measure("2", "ilgpu:0"));
        var (found, expected) = (Cells(one), Cells(Measure("2", "cpu")));
        Assert.NotEmpty(expected);

        // What trained values of two devices may differ by (docs/porting.md).
        Assert.Equal(expected, found, (p, q) => Math.Abs(p - q) <= 0.005);

        // All that is shown of the cells: values, steps, largest scores, verdicts.
        string Measure(string units, string device)
        {
            var run = Path.Combine(folder, $"{device.Replace(':', '-')}-{units}");
            (string, string)[] environment = [("POCL_MAX_PTHREAD_COUNT", units), ("POCL_CPU_MAX_CU_COUNT", units)];
            var (code, _, error) = Child.Run(
                environment,
                [
                    "measure", "--model", "stories260k", "--data", "words", "--shots", "1", "--boundaries", "4", "--positions", "1",
                    "--seeds", "1", "--device", device, "--out", run,
                ]);
            Assert.True(code == 0, error);
            return Child.Run("show", run, "-o", "jsonl").Out;
        }

        static double[] Cells(string shown) =>
        [
            .. shown.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
                .Where(row => row.TryGetProperty("kind", out _)).Select(row => row.GetProperty("mi_bits").GetDouble()),
        ];
    }
}
