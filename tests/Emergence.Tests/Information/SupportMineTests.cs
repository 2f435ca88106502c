using Emergence.Devices.Reference;
using Emergence.Information;

namespace Emergence.Tests.Information;

public class SupportMineTests
{
    [Fact]
    public void Reaches_the_exact_value_of_a_bijection_and_never_exceeds_it()
    {
        using var device = new ReferenceDevice();
        var result = Cells.Estimate(device, Cells.Request("s-mine", Cells.Bijection(25, 16)));
        Assert.Equal(Math.Log2(25), result.ExactBits, 1e-12);
        Assert.InRange(result.MiBits, result.ExactBits - 0.02, result.ExactBits + 1e-12);
        Assert.All(result.Curve, bits => Assert.True(bits <= result.ExactBits + 1e-12));
        Assert.Equal((0, StopReason.Ceiling, Verdict.Ok), (result.StepsAboveCeiling, result.StoppedBy, result.Verdict));
        Assert.Equal((25, 25, 25, 0, 0), (result.K, result.KX, result.KY, result.CollisionsX, result.CollisionsY));
        Assert.Equal(0, result.Steps % 50);
        Assert.InRange(result.HeldOutGapBits, -0.05, 0.05);
    }
}
