using Emergence.Devices;

namespace Emergence.Tests.Devices;

public class CriticOpTests
{
    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Donsker_Varadhan_by_hand(string name)
    {
        // V = (ln 2 + 0) / 2 - ln(2/4 + 8/4 + 1/2) = ln 2 / 2 - ln 3; rows without weights do not count.
        using var op = new OpCase(name, 1);
        var scores = op.Matrix([Math.Log(2), 0, Math.Log(8), 300, Math.Log(2)], 5, 1);
        var (joint, marginal, gradient) = (op.Matrix([0.5, 0.5, 0, 0, 0], 5, 1), op.Matrix([0.25, 0.5, 0.25, 0, 0], 5, 1), op.Random(5, 1));
        var value = op.Device.DonskerVaradhan(scores.Tested, joint.Tested, marginal.Tested, gradient.Tested);
        Assert.Equal((Math.Log(2) / 2 - Math.Log(3)) / Math.Log(2), value.Bits, 2e-7);
        Assert.Equal((300, 0), ((int)value.MaxScore, value.NonFinite));
        var expected = new[] { 0.5 / 3 - 0.5, 0.5 / 3 - 0.5, 2.0 / 3, 0, 0 }.Select(g => g / Math.Log(2));
        Assert.Equal(expected, op.Read(gradient.Tested), (p, q) => Math.Abs(p - q) < 2e-7);
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void What_is_not_finite_is_counted(string name)
    {
        using var op = new OpCase(name, 1);
        var (scores, weights) = (op.Matrix([1, double.NaN, double.PositiveInfinity, -4, double.NaN], 5, 1), op.Matrix([0.2, 0.2, 0.2, 0.2, 0.2], 5, 1));
        var value = op.Device.DonskerVaradhan(scores.Tested, weights.Tested, weights.Tested, null);
        Assert.Equal(3, value.NonFinite);
        Assert.False(double.IsFinite(value.Bits));
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Adam_by_hand(string name)
    {
        // The first step is the rate, against the gradient's sign; the second of the same gradient as well.
        using var op = new OpCase(name, 1);
        var (w, g, m, v) = (op.Matrix([1, 2, 3], 1, 3), op.Matrix([5, -1e-3, 0], 1, 3), op.Matrix([0, 0, 0], 1, 3), op.Matrix([0, 0, 0], 1, 3));
        op.Device.Adam(w.Tested, g.Tested, m.Tested, v.Tested, 0.125, 1);
        Assert.Equal([0.875, 2.125, 3], op.Read(w.Tested), (p, q) => Math.Abs(p - q) < 5e-6);
        op.Device.Adam(w.Tested, g.Tested, m.Tested, v.Tested, 0.125, 2);
        Assert.Equal([0.75, 2.25, 3], op.Read(w.Tested), (p, q) => Math.Abs(p - q) < 1e-5);
    }

    [Fact]
    public void Gradients_of_every_layer_face_finite_differences()
    {
        var shape = new CriticShape(5, 4, 6, 5, 3, 1);
        var (run, a, b) = CriticRun.Random(TestDevices.Reference, shape, 7, 8, 40, 3);
        using var _ = run;
        run.Step((a, b));
        var (parameters, gradient) = (run.Read(run.Parameters), run.Read(run.Gradient));
        for (var i = 0; i < parameters.Length; i++)
        {
            var difference = Loss(i, 1e-5) - Loss(i, -1e-5);
            Assert.Equal(difference / 2e-5, gradient[i], 1e-8);
        }

        double Loss(int index, double change)
        {
            var moved = (double[])parameters.Clone();
            moved[index] += change;
            TestDevices.Reference.Upload(moved, run.Parameters);
            return -run.Step((a, b)).Bits;
        }
    }
}
