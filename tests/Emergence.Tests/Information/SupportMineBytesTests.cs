using System.Security.Cryptography;
using System.Text;
using Emergence.Information.Critics;

namespace Emergence.Tests.Information;

/// <summary>Results that are out in the world under a preset's name: every step of them stays as it was before there was another
/// start.</summary>
public class SupportMineBytesTests
{
    [Theory]
    [InlineData("s-mine", 60, "CAB5C67A401ABC827686FD4FBF3105393C2CA2EBE609E09F3540F0FF81212F3C")]
    [InlineData("s-mine", 130, "A9E50DFF0618CA8BB6C025F246C539B068F6D1F2A2BA0E7D0C069776A7CADB5E")]
    [InlineData("s-mine", 0, "72FF3CF0ED0B0808D67F4606B20ACC8A854DD19402745031CC9BB910AD226388")]
    [InlineData("paper", 0, "D7788EF520073DE5F282A5FEA6F568C1734778E713583D39D0D3D8A2B5C57384")]
    public void Presets_keep_their_bytes(string estimator, int bijection, string hash)
    {
        using var device = Cells.Open("cpu", 1);
        var joint = bijection > 0 ? Cells.Bijection(bijection, 8) : Cells.Mixed([.. Enumerable.Range(0, 200)]);
        var result = Cells.Estimate(device, Cells.Request(estimator, joint, CriticPreset.Small with { StepLimit = 100 }));
        Assert.Equal(hash, Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(Cells.Bytes(result)))));
    }
}
