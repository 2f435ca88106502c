using Emergence.Devices.Cuda;
using Emergence.Devices.Verification;
using Emergence.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Every op against the reference while threads run in reverse and at random, and as a Hopper GPU computes it.</summary>
public sealed class ThreadOrderTests
{
    private const int Reverse = 1, Random = 2;

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
    [InlineData(Random, DType.BFloat16, "CriticBackward")]
    public void Clusters_of_warpgroups_stay_within_the_bounds(int order, DType arithmetic, string op)
    {
        using var device = Open(order, arithmetic, warpgroups: true);
        Verify(device, OpChecks.Choose(op, small: true));
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
