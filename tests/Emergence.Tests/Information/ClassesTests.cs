using Emergence.Information.Exact;

namespace Emergence.Tests.Information;

public class ClassesTests
{
    [Theory]
    [MemberData(nameof(GoldenMine.Names), MemberType = typeof(GoldenMine))]
    public void Classes_support_and_ceiling_equal_the_golden_ones(string name)
    {
        using var golden = new GoldenMine(name);
        Assert.Equal(golden.Doubles("ceiling_bits")[0], golden.Joint.Bits, 1e-12);
        var (support, joint, product) = (golden.Integers("support"), golden.Doubles("support_p"), golden.Doubles("support_uv"));
        Assert.Equal(joint.Length, golden.Joint.Support.Count);
        var ours = golden.Joint.Support.ToDictionary(pair => (pair.A, pair.B));
        for (var i = 0; i < joint.Length; i++)
        {
            var pair = ours[(golden.ClassX[support[2 * i]], golden.ClassY[support[2 * i + 1]])];
            Assert.Equal(joint[i], pair.Joint, 1e-14);
            Assert.Equal(product[i], pair.Product, 1e-14);
        }
    }

    /// <summary>Tolerance: a mean of magnitude up to 20 SD, rounded in double, summed over 40 rows: 1e-12.</summary>
    [Theory]
    [MemberData(nameof(GoldenMine.Names), MemberType = typeof(GoldenMine))]
    public void Standardised_inputs_equal_the_golden_ones(string name)
    {
        using var golden = new GoldenMine(name);
        foreach (var (side, key) in new[] { (golden.X, "x_standardised"), (golden.Y, "y_standardised") })
        {
            var (values, columns) = side.Standardise();
            var expected = golden.Doubles(key);
            Assert.Equal(expected.Length / side.UnitWeights.Length, columns);
            for (var i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], values[side.ClassOfUnit[i / columns] * columns + i % columns], 1e-12);
        }
    }

    [Fact]
    public void Classes_are_sorted_by_bytes_and_minus_zero_is_zero()
    {
        // little-endian bytes: 2.0 is 00 00 00 40, 1.0 is 00 00 80 3f, 0.1 is cd cc cc 3d
        var side = new RowClasses([0.1f, 1f, 2f, -0f, 0f], 1, [1, 1, 1, 1, 1]);
        Assert.Equal([0f, 2f, 1f, 0.1f], side.Rows.ToArray());
        Assert.Equal([3, 2, 1, 0, 0], side.ClassOfUnit.ToArray());
        Assert.Equal([0.4, 0.2, 0.2, 0.2], side.Weights.ToArray());
    }

    [Theory]
    [InlineData(new double[] { 1, 1, 1, 1 }, 2, 2)]
    [InlineData(new double[] { 2, 1, 1 }, 1.5, 1.415037499278844)] // -log2(1/4 + 1/16 + 1/16)
    public void The_support_alone_holds_less_where_classes_are_uneven(double[] counts, double bits, double ofSupport)
    {
        var rows = new RowClasses([.. counts.Select((_, row) => (float)row)], 1, counts);
        var joint = new JointClasses(rows, rows, isEnumeration: true);
        Assert.Equal(bits, joint.Bits, 1e-14);
        Assert.Equal(ofSupport, joint.SupportBits, 1e-14);
    }

    [Fact]
    public void Information_of_a_two_by_two_table()
    {
        // p = [[.4, .1], [.1, .4]]: 1 - H(.2) = 0.278071905112638 bits
        var x = new RowClasses([0, 0, 1, 1], 1, [4, 1, 1, 4]);
        var y = new RowClasses([0, 1, 0, 1], 1, [4, 1, 1, 4]);
        var joint = new JointClasses(x, y, isEnumeration: false);
        Assert.Equal(0.278071905112638, joint.Bits, 1e-14);
        Assert.Equal(1, joint.SupportProduct, 1e-15);
        Assert.Equal(10, joint.Coincidences, 1e-14);
        Assert.Equal(1.7219280948873623, joint.UnitBits, 1e-14);
        foreach (var (expected, found) in new[] { 1.6, .4, .4, 1.6 }.Zip(joint.UnitInformation()))
            Assert.Equal(Math.Log2(expected), found, 1e-14);

        // Var(i) = .8 * .2 * (log2 1.6 - log2 .4)^2 = .64; sqrt(.64 / 10)
        Assert.Equal(Math.Sqrt(.064), joint.StandardErrorBits, 1e-14);
    }

    [Fact]
    public void Information_of_a_sample_by_every_entropy_estimator()
    {
        // 25 classes of 400 rows on both sides: H + H - H = H; Miller-Madow adds K - 1 over 2N nats.
        var rows = Enumerable.Range(0, 25).Select(k => (float)k).ToArray();
        var side = new RowClasses(rows, 1, [.. Enumerable.Repeat(400.0, 25)]);
        var estimates = SampleInformation.Estimate(new(side, side, isEnumeration: false))
            .ToDictionary(estimate => estimate.Name, estimate => estimate.Bits);
        Assert.Equal(Math.Log2(25), estimates["plug-in"], 1e-12);
        Assert.Equal(Math.Log2(25) + 24 / 20000.0 / Math.Log(2), estimates["miller-madow"], 1e-12);
        Assert.Equal(Math.Log2(25), estimates["grassberger"], 0.002);
        Assert.Equal(Math.Log2(25), estimates["chao-shen"], 1e-6);
    }

    [Fact]
    public void A_constant_side_has_no_information()
    {
        var x = new RowClasses([3, 3, 3], 1, [1, 2, 4]);
        var y = new RowClasses([0, 1, 2], 1, [1, 2, 4]);
        Assert.Equal(0, new JointClasses(x, y, isEnumeration: true).Bits);
    }

    [Fact]
    public void Sides_of_different_units_are_refused()
    {
        var x = new RowClasses([0, 1], 1, [1, 2]);
        Assert.Throws<ArgumentException>(() => new JointClasses(x, new RowClasses([0, 1], 1, [2, 1]), isEnumeration: true));
        Assert.Throws<ArgumentException>(() => new RowClasses([0, 1], 1, [1, 0]));
        Assert.Throws<ArgumentException>(() => new RowClasses([0, 1, 2], 2, [1, 1]));
    }
}
