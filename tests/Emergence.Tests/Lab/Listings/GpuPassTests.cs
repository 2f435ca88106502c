using Emergence.Devices.Cuda;
using Emergence.Lab.Listings;
using Emergence.Lab.Reports;

namespace Emergence.Tests.Lab.Listings;

/// <summary>The passes of the static page, against the published step counted by hand: 2,831 GFLOP with the first layer split.</summary>
public sealed class GpuPassTests
{
    private const double Giga = 1e9;

    private static readonly IReadOnlyList<GpuPass> s_ampere = GpuPass.All(GpuTraits.A100), s_hopper = GpuPass.All(GpuTraits.H100);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_step_has_the_work_of_the_published_one(bool warpgroups)
    {
        var passes = warpgroups ? s_hopper : s_ampere;
        var step = passes.Single(pass => pass.Name == "step").Launches;
        double[] products = [.. step.Where(launch => launch.Work.TensorFlops > 0).Select(launch => launch.Work.TensorFlops / Giga)];

        // Zx and Zy; layers 2, 3 and on; by weights and by inputs from the last wide layer down; the first layer's weights.
        double[] expected = [354, 354, 354, 88.5, 22.1, 5.5];
        Assert.All(expected.Zip(products), pair => Assert.InRange(pair.Second, 0.99 * pair.First, 1.01 * pair.First));
        Assert.InRange(products[^1] + products[^2], 707, 709);

        // 1,533 weights of the tail are gone through once more on the way back.
        Assert.Equal(2_831, step.Sum(launch => launch.Work.AllFlops) / Giga - (2 * 600_000.0 * 1_533 / Giga), 1.0);
        var single = passes.Single(pass => pass.Name == "step32").Launches;
        Assert.Equal(2_831, single.Sum(launch => launch.Work.Flops + (launch.Work.TensorFlops / 6)) / Giga, 1.0);
        Assert.Equal(warpgroups, step.Any(launch => launch.Kernel.StartsWith("product_sm90", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_roof_is_the_slower_of_bytes_and_arithmetic()
    {
        var roof = new GpuRoof("x", 1e12, 100e12, 10e12, 1);
        Assert.Equal(2e-3, roof.SecondsOf(new(2e9, TensorFlops: 1e11)), 1e-12);
        Assert.Equal(3e-3, roof.SecondsOf(new(2e9, TensorFlops: 1e11, Flops: 2e10)), 1e-12);
    }

    /// <summary>A kernel arrives with its work: but for widths of a tile that no layer of these has, all are in a pass.</summary>
    [Fact]
    public void Every_kernel_has_work()
    {
        var known = s_ampere.Concat(s_hopper).SelectMany(pass => pass.Launches).Select(launch => launch.Kernel).ToHashSet();
        Assert.DoesNotContain(
            KernelTable.Rows, row => !known.Contains(row.Name) && !row.Name.Contains("product_", StringComparison.Ordinal));
        Assert.Equal(known.Order(), StaticReport.Work().Rows.Select(row => row[0].Words).Order());
    }

    /// <summary>12 x 1600^2 numbers of four bytes, at 32 and at 64 GB/s; kernels of half the rows would take half as long.</summary>
    [Fact]
    public void A_streamed_block_is_bound_by_what_takes_longer()
    {
        var rows = StaticReport.Streamed().Rows;
        Assert.Equal(9, rows.Count);
        Assert.Equal(("a100", "float32", "h100"), (rows[0][0].Words, rows[0][1].Words, rows[3][0].Words));
        Assert.Equal((3.84, 1.92), (Math.Round(rows[0][3].Value, 6), Math.Round(rows[3][3].Value, 6)));
        foreach (var row in rows)
        {
            var (link, ofRow) = (row[3].Value, row[5].Value / row[4].Value);
            Assert.Equal("kernels", row[6].Words);
            Assert.InRange(row[7].Value * ofRow, link, link + ofRow);
        }
    }
}
