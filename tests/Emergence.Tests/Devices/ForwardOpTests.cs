using Emergence.Devices;

namespace Emergence.Tests.Devices;

/// <summary>What the checks of verification leave open: results by hand, whole ranges, what is not a number.</summary>
public class ForwardOpTests
{
    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Norms_by_hand(string name)
    {
        using var op = new OpCase(name, 1);
        var (x, w, b, y) = (op.Matrix([1, 3, 5, 7], 1, 4), op.Matrix([1, 2, 1, 2], 1, 4), op.Matrix([0, 0, 1, 1], 1, 4), op.Random(1, 4));
        op.Device.LayerNorm(x.Tested, w.Tested, b.Tested, 4, y.Tested);
        Assert.Equal([-1, -2.0 / 3, 4.0 / 3, 3], op.Read(y.Tested), (p, q) => Math.Abs(p - q) < 1e-6);
        op.Device.RmsNorm(x.Tested, w.Tested, 4, y.Tested);
        Assert.Equal([1 / 5.0, 6 / 5.0, 5 / 5.0, 14 / 5.0], op.Read(y.Tested), (p, q) => Math.Abs(p - q) < 1e-6);
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
            var limit = activation is Activation.Tanh or Activation.Sigmoid ? 1 : double.PositiveInfinity;
            Assert.True(double.IsNaN(found[0]) && found[1] == limit && double.IsFinite(found[2]), activation.ToString());
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
