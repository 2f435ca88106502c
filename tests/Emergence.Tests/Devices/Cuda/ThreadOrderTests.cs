using Emergence.Devices.Cuda;
using Emergence.Devices.Verification;
using Emergence.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Every op against the reference while threads run in reverse and at random, and as a Hopper GPU computes it.</summary>
public sealed class ThreadOrderTests
{
    private const int Forward = 0, Reverse = 1, Random = 2;

    [Theory]
    [InlineData(Reverse)]
    [InlineData(Random)]
    public void Every_op_stays_within_its_bounds_in_any_order(int order)
    {
        using var device = Open(order, DType.Float32, warpgroups: false);
        Verify(device, OpChecks.All(small: true));
    }

    [Theory]
    [InlineData(Reverse, DType.Float32, "MatMul")]
    [InlineData(Random, DType.Float32, "CriticBackward")]
    [InlineData(Random, DType.BFloat16, "CriticBackward")]
    public void Clusters_of_warpgroups_stay_within_the_bounds(int order, DType arithmetic, string op)
    {
        using var device = Open(order, arithmetic, warpgroups: true);
        Verify(device, OpChecks.Choose(op, small: true));
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

    /// <summary>A library of its own, so that no other test runs in this order.</summary>
    private static CudaDevice Open(int order, DType arithmetic, bool warpgroups)
    {
        var driver = EmulatorFixture.Copy();
        EmulatorFixture.Order(driver, order, seed: 5);
        return new CudaDevice(driver, null, arithmetic, warpgroups);
    }

    private static void Verify(CudaDevice device, IReadOnlyList<OpCheck> checks)
    {
        Assert.NotEmpty(checks);
        foreach (var check in checks)
        {
            var result = OpChecks.Run(check, device, TestDevices.Reference);
            Assert.True(result.Failure == null, $"{check.Op} {check.Shape}: {result.Failure}, bound {result.Bound}");
        }
    }
}
