using System.Text.Json;
using Emergence.Devices;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;
using Emergence.Lab.Reports;
using Emergence.Lab.Verification;
using Emergence.Tables;
using Emergence.Tests.Cli;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Lab.Verification;

public class OpCheckTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var name in TestDevices.Fast.Select(row => row.Data))
            {
                foreach (var op in OpChecks.Ops)
                    cases.Add(name, op);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Every_op_stays_within_its_bounds(string name, string op)
    {
        var device = TestDevices.Get(name);
        foreach (var check in OpChecks.Choose(op, small: true))
        {
            var result = OpChecks.Run(check, device, TestDevices.Reference);
            Assert.True(result.Failure == null, $"{check.Op} {check.Shape}: {result.Failure}, bound {result.Bound}");
        }
    }

    /// <summary>Critics whose products have bfloat16 factors are within the bound of such factors.</summary>
    [Theory]
    [InlineData("CriticForward")]
    [InlineData("CriticBackward")]
    [InlineData("Train")]
    public void Bfloat16_critics_stay_within_their_bounds(string op)
    {
        if (CudaLibrary.FindEmulator() == null)
            Assert.Skip("the emulator is not built: CMake and a C++ compiler make it");
        using var device = DeviceTable.Create("emulator", new DeviceOptions(Arithmetic: DType.BFloat16));
        Assert.Equal(Precision.BFloat16Unit, Precision.Of(device).Operand);
        var (code, output) = Verify(device, op);
        Assert.True(code == ExitCode.Ok, output);
    }

    /// <summary>A device that is right but for its rounding passes, with single precision and with bfloat16 factors.</summary>
    [Theory]
    [InlineData(24, DType.Float32)]
    [InlineData(8, DType.BFloat16)]
    public void Rounding_is_not_wrong(int bits, DType operands)
    {
        using var device = new RoundedProducts(bits, operands);
        foreach (var op in new[] { "MatMul", "CriticForward", "CriticBackward" })
        {
            var (code, output) = Verify(device, op);
            Assert.True(code == ExitCode.Ok, output);
        }
    }

    [Fact]
    public void Wrong_ops_are_named_and_the_code_is_5()
    {
        using var sums = new ShortSums();
        using var window = new WideWindow();
        using var adam = new UncorrectedAdam();
        using var coarse = new RoundedProducts(11, DType.Float32);
        Assert.Equal("SumRows", Wrong(sums, "SumRows"));
        Assert.Equal("CriticBackward", Wrong(sums, "CriticBackward"));
        Assert.Equal("Attention", Wrong(window, "Attention"));
        Assert.Equal("Adam", Wrong(adam, "Adam"));
        Assert.Equal("MatMul", Wrong(coarse, "MatMul"));
        Assert.Equal(ExitCode.Ok, Verify(sums, "MatMul").Code);
        Assert.Equal(ExitCode.Ok, Verify(window, "SumRows").Code);
    }

    [Fact]
    public void What_is_not_a_number_is_wrong()
    {
        using var run = new OpRun(TestDevices.Reference, TestDevices.Reference, 1);
        run.Compare("x", [1, double.NaN, 2], [1, double.NaN, 2], _ => 0);
        Assert.Equal((0, 0, 3), (run.OfBound, run.MaxError, run.Elements));
        run.Compare("x", [1.0], [double.NaN], _ => 1e300);
        Assert.Equal(double.PositiveInfinity, run.OfBound);
    }

    [Fact]
    public void Every_op_of_a_device_is_verified()
    {
        string[] ops = [
            .. typeof(Device).GetMethods().Where(
                method => method.DeclaringType == typeof(Device) && !method.IsSpecialName).Select(method => method.Name).Distinct()
        ];
        string[] moves = [
            "Allocate", "AllocateIndices", "Upload", "UploadFromFile", "Download", "DownloadToFile", "CreateStaging", "Fill",
            "Dispose", "Synchronize", "ShareOnHost", "CreateCritic", "Plan", "StateBytes", "GetType", "ToString", "Equals", "GetHashCode"
        ];
        string[] passes = ["CriticForward", "CriticBackward"];
        Assert.Empty(ops.Except(moves).Concat(passes).Except(OpChecks.Ops));
        Assert.Empty(OpChecks.Ops.Except(ops).Except(passes));
    }

    [Fact]
    public void Errors_are_numbers_to_programs()
    {
        var results = OpChecks.Run(
            OpChecks.Choose("Gate", small: true), TestDevices.Get("cpu"), TestDevices.Reference, _ => { }, CancellationToken.None);
        using var json = JsonDocument.Parse(VerificationReport.Table(results).ToString(TableFormat.Json));
        Assert.NotEmpty(results);
        Assert.All(results.Zip(json.RootElement.EnumerateArray()), pair =>
        {
            string[] names = ["max_error", "mean_error", "bound"];
            Assert.Equal(
                [pair.First.MaxError, pair.First.MeanError, pair.First.Bound],
                names.Select(name => pair.Second.GetProperty(name).GetDouble()));
        });
    }

    [Fact]
    public void The_program_verifies_the_emulator()
    {
        if (CudaLibrary.FindEmulator() == null)
            Assert.Skip("the emulator is not built: CMake and a C++ compiler make it");
        foreach (var op in new[] { "SumByIndex", "softcap" })
        {
            var (code, output, error) = Child.Run("verify", "--device", "emulator", "--op", op, "-o", "csv");
            Assert.True(code == 0, output + error);
            Assert.StartsWith("op,shape,elements,", output, StringComparison.Ordinal);
            Assert.DoesNotContain("WRONG", output, StringComparison.Ordinal);
        }
    }

    private static string Wrong(Device device, string op)
    {
        var (code, output) = Verify(device, op);
        Assert.Equal(ExitCode.Regression, code);
        return output.Split('\n').First(line => line.Contains("WRONG", StringComparison.Ordinal)).Split(',')[0];
    }

    private static (ExitCode Code, string Out) Verify(Device device, string op)
    {
        var results = OpChecks.Run(OpChecks.Choose(op, small: true), device, TestDevices.Reference, _ => { }, CancellationToken.None);
        return (VerificationReport.ExitCode(results), VerificationReport.Table(results).ToString(TableFormat.Csv));
    }
}
