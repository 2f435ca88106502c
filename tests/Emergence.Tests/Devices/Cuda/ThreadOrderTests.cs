using Emergence.Devices.Cuda;
using Emergence.Devices.Tensors;
using Emergence.Lab.Verification;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Every op against the reference while threads run in reverse and at random, and as a Hopper GPU computes it.</summary>
public sealed class ThreadOrderTests
{
    private const int Forward = 0, Reverse = 1, Random = 2;

    // What warpgroups multiply.
    private static readonly string[] s_products = ["MatMul", "CriticForward", "CriticBackward", "Train"];

    private static readonly OpCheck[] s_checks = [.. OpChecks.All(small: true).Where(check => !IsLong(check))];

    /// <summary>Both arithmetics, without warpgroups and with them: no kernel is left out.</summary>
    [Theory]
    [InlineData(Reverse)]
    [InlineData(Random)]
    public void Every_kernel_stays_within_the_bounds_of_its_ops_in_any_order(int order)
    {
        var launched = new HashSet<string>();
        foreach (var arithmetic in (DType[])[DType.Float32, DType.BFloat16])
        {
            launched.UnionWith(Verify(order, arithmetic, warpgroups: false, [.. s_checks.Where(check => !IsWide(check))]));
            launched.UnionWith(Verify(order, arithmetic, warpgroups: true, [.. s_checks.Where(check => s_products.Contains(check.Op))]));
        }

        Assert.Empty(KernelTable.Rows.Select(row => row.Name).Except(launched));
    }

    /// <summary>Two groups of rows for two clusters, whose blocks load for each other.</summary>
    [Theory]
    [InlineData(257, 130, 700)]
    [InlineData(300, 257, 96)]
    public void Clusters_make_the_same_bytes_in_any_order(int m, int n, int k)
    {
        var random = new System.Random(m);
        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
        var (a, b, seen) = (Values(m * k), Values(n * k), new List<double[]>());
        var driver = EmulatorFixture.Copy();
        using var device = new CudaDevice(driver, null, DType.Float32, warpgroups: true);
        using Tensor left = device.Allocate(m, k), right = device.Allocate(n, k), y = device.Allocate(m, n);
        device.Upload(a, left);
        device.Upload(b, right);
        foreach (var (order, seed) in ((int, int)[])[(Forward, 1), (Reverse, 1), (Random, 1), (Random, 2)])
        {
            EmulatorFixture.Order(driver, order, seed);
            device.MatMul(left, right, y, transposeB: true);
            seen.Add(OpCase.Read(device, y));
        }

        Assert.All(seen, values => Assert.Equal(seen[0], values));
        Assert.DoesNotContain(seen[0], double.IsNaN);
    }

    /// <summary>More blocks of kernels that other shapes launch too: other tests have the time for them.</summary>
    private static bool IsLong(OpCheck check) => check.Shape.Contains("33001", StringComparison.Ordinal)
        || check.Op == "Train" && check.Shape.Contains("768+768", StringComparison.Ordinal);

    /// <summary>Widths of models and of the published critic, which have kernels of their own on a Hopper GPU only.</summary>
    private static bool IsWide(OpCheck check) => check.Shape.EndsWith(" layer", StringComparison.Ordinal)
        || check.Shape.Contains("768+768", StringComparison.Ordinal);

    /// <summary>The kernels that the checks launched, in a library of its own, so that no other test runs in this order.</summary>
    private static IEnumerable<string> Verify(int order, DType arithmetic, bool warpgroups, IReadOnlyList<OpCheck> checks)
    {
        Assert.NotEmpty(checks);
        var driver = EmulatorFixture.Copy();
        EmulatorFixture.Order(driver, order, seed: 5);
        using var device = new CudaDevice(driver, null, arithmetic, warpgroups);
        return device.Trace(() =>
        {
            foreach (var check in checks)
            {
                var result = OpChecks.Run(check, device, TestDevices.Reference);
                Assert.True(result.Failure == null, $"{device.Path}: {check.Op} {check.Shape}: {result.Failure}, bound {result.Bound}");
            }
        }).Select(launch => launch.Kernel);
    }
}
