using Emergence.Information;
using Emergence.Measurement.Settings;
using Emergence.Tests.Models;

namespace Emergence.Tests.Information.Canonical;

public class RealModelCellsTests
{
    /// <summary>The first layers are where critics on standardised columns ended bits below: cells of 25, 584 and 2,000 classes, whole
    /// sequences and tokens alone, three seeds.</summary>
    [Fact]
    public void SmolLM2_135M_Instruct_is_within_two_hundredths_of_a_bit()
    {
        var settings = Settings(RealModelTests.UnpackedSmolLM2()) with { Boundaries = "0,1", Positions = "0,2,4" };
        using var plan = new MeasurementPlan(settings);
        var results = plan.Run(TestData.TemporaryFolder(), _ => { }, _ => { }, _ => { }, CancellationToken.None);
        Assert.Equal(2 * 3 * 2 * 3, results.Cells.Count);
        Assert.All(results.Cells, cell =>
        {
            var value = cell.Information;
            Assert.InRange(value.MiBits, value.ExactBits - 0.02, value.ExactBits + 1e-4);
            Assert.InRange(value.HeldOutBits, value.ExactBits - 0.02, value.ExactBits + 1e-4);
            Assert.True(value.Verdict is Verdict.Ok or Verdict.AtCeiling, $"{cell.Cell}: {value.Verdict}");
            Assert.Equal(0, value.StepsAboveCeiling);
        });
        Assert.Contains(results.Cells, cell => cell.Information.ExactBits > 10.96);
    }

    private static MeasurementSettings Settings(string model) =>
        new() { Model = model, Data = "country", Shots = 3, Sigma = "none", Device = "cpu" };
}
