using Emergence.Devices;
using Emergence.Tensors;

namespace Emergence.Tests.Devices;

public class ForwardOpTests
{
    public static TheoryData<string, int> Widths
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var name in TestDevices.Fast.Select(row => row.Data))
            {
                foreach (var width in new[] { 1, 3, 31, 33, 257 })
                    cases.Add(name, width);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Embed(string name, int width)
    {
        foreach (var type in new[] { DType.Float32, DType.Float64, DType.Float16, DType.BFloat16 })
        {
            using var op = new OpCase(name, width);
            var (ids, table, y) = (op.RandomIndices(19, 11), op.Stored(type, 11, width), op.Random(19, width));
            foreach (var accumulate in new[] { false, true })
            {
                op.Device.Embed(ids.Tested, table.Tested, 1.5f, y.Tested, accumulate);
                op.Reference.Embed(ids.Expected, table.Expected, 1.5f, y.Expected, accumulate);
                op.CheckRelative(y, 6, 8);
            }
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void GatherRows(string name, int width)
    {
        using var op = new OpCase(name, width);
        var (source, rows, destination) = (op.Random(9, width), op.RandomIndices(33, 9), op.Random(33, width));
        op.Device.GatherRows(source.Tested, rows.Tested, destination.Tested);
        op.Reference.GatherRows(source.Expected, rows.Expected, destination.Expected);
        op.Check(destination, _ => 0);
    }

    [Theory, MemberData(nameof(Widths))]
    public void LayerNorm(string name, int width)
    {
        foreach (var (withWeight, withBias, withResidual) in new[] { (true, true, true), (false, false, false), (true, false, true) })
        {
            using var op = new OpCase(name, width);
            var (x, w, b, r, y) = (op.Random(7, width), op.Random(1, width), op.Random(1, width), op.Random(7, width), op.Random(7, width));
            op.Device.LayerNorm(x.Tested, withWeight ? w.Tested : null, withBias ? b.Tested : null, 1e-3f, y.Tested, withResidual ? r.Tested : null);
            op.Reference.LayerNorm(x.Expected, withWeight ? w.Expected : null, withBias ? b.Expected : null, 1e-3f, y.Expected, withResidual ? r.Expected : null);

            // A mean of chains of width/8, its difference from values up to 2.7, divided by a deviation of 0.03 or more.
            op.CheckRelative(y, 4 * (width / 8 + 12), width == 1 ? 90 : 8);
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void RmsNorm(string name, int width)
    {
        foreach (var (offset, withResidual) in new[] { (0f, false), (1f, true) })
        {
            using var op = new OpCase(name, width);
            var (x, w, r, y) = (op.Random(7, width), op.Random(1, width), op.Random(7, width), op.Random(7, width));
            op.Device.RmsNorm(x.Tested, w.Tested, offset, 1e-6f, y.Tested, withResidual ? r.Tested : null);
            op.Reference.RmsNorm(x.Expected, w.Expected, offset, 1e-6f, y.Expected, withResidual ? r.Expected : null);
            op.CheckRelative(y, width / 8 + 12, 8);
        }
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Norms_by_hand(string name)
    {
        using var op = new OpCase(name, 1);
        var (x, w, b, y) = (op.Matrix([1, 3, 5, 7], 1, 4), op.Matrix([1, 2, 1, 2], 1, 4), op.Matrix([0, 0, 1, 1], 1, 4), op.Random(1, 4));
        op.Device.LayerNorm(x.Tested, w.Tested, b.Tested, 4, y.Tested);
        Assert.Equal([-1, -2.0 / 3, 4.0 / 3, 3], op.Read(y.Tested), (p, q) => Math.Abs(p - q) < 1e-6);
        op.Device.RmsNorm(x.Tested, w.Tested, 1, 4, y.Tested);
        Assert.Equal([2 / 5.0, 9 / 5.0, 10 / 5.0, 21 / 5.0], op.Read(y.Tested), (p, q) => Math.Abs(p - q) < 1e-6);
    }

    [Theory, MemberData(nameof(Widths))]
    public void Gate(string name, int width)
    {
        foreach (var activation in Enum.GetValues<Activation>())
        {
            using var op = new OpCase(name, width);
            var (gate, up) = (op.Random(9, width, 4), op.Random(9, width));
            var magnitudes = op.Read(up.Tested);
            op.Device.Gate(gate.Tested, up.Tested, activation, gate.Tested);
            op.Reference.Gate(gate.Expected, up.Expected, activation, gate.Expected);
            op.Check(gate, i => 40 * OpCase.Unit * Math.Abs(magnitudes[i] * 11));
        }
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Activations_over_the_whole_range(string name)
    {
        // From the smallest to far beyond where they are 0 or x: error in units of the value, but for what rounds to 0 in the tails.
        var points = Enumerable.Range(-4000, 8001).Select(i => (double)(float)(Math.Sign(i) * Math.Exp(Math.Abs(i) / 4000.0 * 32 - 28))).ToArray();
        foreach (var activation in Enum.GetValues<Activation>())
        {
            using var op = new OpCase(name, 2);
            var (gate, up) = (op.Matrix(points, 1, points.Length), op.Matrix([.. points.Select(_ => 1.0)], 1, points.Length));
            op.Device.Gate(gate.Tested, up.Tested, activation, gate.Tested);
            op.Reference.Gate(gate.Expected, up.Expected, activation, gate.Expected);
            var expected = op.Read(gate.Expected);
            op.Check(gate, i => Math.Max(1e-30, OpCase.Unit * Math.Abs(expected[i]) * (24 + (points[i] < 0 ? 4 * Math.Pow(Math.Min(88, -points[i]), 2) : 0))));
        }
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Activations_keep_what_is_not_a_number(string name)
    {
        foreach (var activation in Enum.GetValues<Activation>())
        {
            using var op = new OpCase(name, 2);
            var (gate, up) = (op.Matrix([double.NaN, double.PositiveInfinity, 1], 1, 3), op.Matrix([1, 1, 1], 1, 3));
            op.Device.Gate(gate.Tested, up.Tested, activation, gate.Tested);
            var found = op.Read(gate.Tested);
            Assert.True(double.IsNaN(found[0]) && double.IsPositiveInfinity(found[1]) && double.IsFinite(found[2]), activation.ToString());
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void SoftCap(string name, int width)
    {
        using var op = new OpCase(name, width);
        var x = op.Random(17, width, 30);
        op.Device.SoftCap(x.Tested, 30);
        op.Reference.SoftCap(x.Expected, 30);
        op.CheckRelative(x, 10, 1e-6);
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Rotate(string name)
    {
        foreach (var pairs in Enum.GetValues<RotaryPairs>())
        {
            foreach (var (heads, half) in new[] { (new HeadLayout(3, 20, 20), 10), (new HeadLayout(2, 16, 48), 3), (new HeadLayout(1, 2, 2), 1), (new HeadLayout(2, 64, 64), 32) })
            {
                using var op = new OpCase(name, half);
                var x = op.Random(33, (heads.Count - 1) * heads.Stride + heads.Size + 1);
                var (positions, cos, sin) = (op.RandomIndices(33, 7), op.Random(7, half), op.Random(7, half));
                op.Device.Rotate(x.Tested, heads, positions.Tested, cos.Tested, sin.Tested, pairs);
                op.Reference.Rotate(x.Expected, heads, positions.Expected, cos.Expected, sin.Expected, pairs);
                op.CheckRelative(x, 3, 16);
            }
        }
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Rotate_by_hand(string name)
    {
        // A quarter turn takes (1, 0) to (0, 1).
        using var op = new OpCase(name, 1);
        var (halves, neighbours) = (op.Matrix([1, 2, 3, 4, 9], 1, 5), op.Matrix([1, 2, 3, 4, 9], 1, 5));
        var (position, cos, sin) = (op.Indices(1), op.Matrix([1, 1, 0, 1], 2, 2), op.Matrix([0, 0, 1, 0], 2, 2));
        op.Device.Rotate(halves.Tested, new HeadLayout(1, 4, 4), position.Tested, cos.Tested, sin.Tested, RotaryPairs.Halves);
        op.Device.Rotate(neighbours.Tested, new HeadLayout(1, 4, 4), position.Tested, cos.Tested, sin.Tested, RotaryPairs.Neighbours);
        Assert.Equal([-3.0, 2, 1, 4, 9], op.Read(halves.Tested));
        Assert.Equal([-2.0, 1, 3, 4, 9], op.Read(neighbours.Tested));
    }
}
