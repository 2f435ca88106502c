using System.Security.Cryptography;
using System.Text;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information;

/// <summary>Results that are out in the world under a preset's name: every step of them stays as it was before there was another start.</summary>
public class SupportMineBytesTests
{
    private static readonly JointClasses s_mixed = Cells.Mixed([.. Enumerable.Range(0, 200)]);

    public static TheoryData<string, JointClasses, string> Recorded => new()
    {
        { "s-mine", Cells.Bijection(60, 8), "CAB5C67A401ABC827686FD4FBF3105393C2CA2EBE609E09F3540F0FF81212F3C" },
        { "s-mine", Cells.Bijection(130, 8), "A9E50DFF0618CA8BB6C025F246C539B068F6D1F2A2BA0E7D0C069776A7CADB5E" },
        { "s-mine", s_mixed, "72FF3CF0ED0B0808D67F4606B20ACC8A854DD19402745031CC9BB910AD226388" },
        { "paper", s_mixed, "D7788EF520073DE5F282A5FEA6F568C1734778E713583D39D0D3D8A2B5C57384" },
    };

    [Theory]
    [MemberData(nameof(Recorded), DisableDiscoveryEnumeration = true)]
    public void Presets_keep_their_bytes(string estimator, JointClasses joint, string hash)
    {
        using var device = Cells.Open("cpu", 1);
        var result = Cells.Estimate(device, Cells.Request(estimator, joint, CriticPreset.Small with { StepLimit = 100 }));
        Assert.Equal(hash, Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(Cells.Bytes(result)))));
    }
}
