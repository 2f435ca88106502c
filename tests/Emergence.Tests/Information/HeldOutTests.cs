using Emergence.Information.Critics;

namespace Emergence.Tests.Information;

public class HeldOutTests
{
    /// <summary>
    /// 2,049^2 pairs are more than 2^22, so fresh ones are drawn: 2^20 pairs with e^T of order 1 leave 0.001 in the log,
    /// and 0.01 bits is generous.
    /// </summary>
    [Fact]
    public void Fresh_pairs_read_what_all_pairs_read()
    {
        using var device = Cells.Open("reference");
        using var inputs = new DeviceInputs(device);
        var joint = Cells.Bijection(2049, 2);
        var request = Cells.Request("s-mine", joint, Cells.Sampling with { Widths = [2, 1] });
        using var estimation = request.Estimator.Start(request, device, inputs);
        var fresh = HeldOut.Pairs(joint, 1, 1).ToList();
        Assert.Equal(2049 + (1 << 20), fresh.Count);
        Assert.Equal(1, fresh.Sum(pair => pair.Product), 1e-9);
        Assert.Equal(HeldOut.Bits(device, estimation.Training!, joint.AllPairs()), HeldOut.Bits(device, estimation.Training!, fresh), 0.01);
    }

    /// <summary>All pairs are both what is trained on and what is held out, so nothing but the updates differs.</summary>
    [Fact]
    public void A_critic_that_stays_reads_what_its_training_read()
    {
        using var device = Cells.Open("reference");
        var result = Cells.Estimate(device,
            Cells.Request("s-mine", Cells.Bijection(15, 4), Cells.Sampling with { StepLimit = 50, Rate = LearningRate.Constant(0) }));
        Assert.Equal(result.MiBits, result.HeldOutBits, 1e-12);
    }
}
