using Emergence.Devices.Cpu;
using Emergence.Devices.Critics;

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

    /// <summary>Several blocks and chunks of pairs, strips of columns, rows that no pair has, and widths that are no whole vectors.</summary>
    [Theory, MemberData(nameof(CpuPaths))]
    public void Many_pairs_give_the_gradient_of_the_reference(string path)
    {
        foreach (var widths in new int[][] { [397, 37, 5, 1], [70, 1] })
        {
            var shape = new CriticShape(19, 23, widths);
            using var device = TestDevices.Create(path, 2);
            var (expected, a, b) = CriticRun.Random(TestDevices.Reference, shape, 60, 50, 5_000, 4);
            var (found, _, _) = CriticRun.Random(device, shape, 60, 50, 5_000, 4);
            using var both = new Both(expected, found);
            (a, b) = ([.. a.Select(row => row - row % 7)], [.. b.Select(row => row == 49 ? 0 : row)]);
            for (var step = 0; step < 2; step++)
                Assert.Equal(expected.Step((a, b)).Bits, found.Step((a, b)).Bits, 1e-5);
            var (exact, gradient) = (expected.Read(expected.Gradient), found.Read(found.Gradient));
            for (var layer = 0; layer < shape.Layers; layer++)
            {
                // The last bias has the gradient 0, of which rounding leaves something.
                var (weight, bias) = (shape.Weight(found.Gradient, layer), shape.Bias(found.Gradient, layer));
                var start = (int)((weight.Address - found.Gradient.Address) / sizeof(float));
                var count = (int)weight.Count + (layer < shape.Layers - 1 ? bias.Columns : 0);
                var error = Math.Sqrt(Enumerable.Range(start, count).Sum(i => Math.Pow(gradient[i] - exact[i], 2)) / Enumerable.Range(start, count).Sum(i => Math.Pow(exact[i], 2)));
                Assert.InRange(error, 0, 1e-5);
            }
        }
    }

    public static TheoryData<string> CpuPaths() => [.. CpuDevice.Paths.Select(path => $"cpu/{path}")];

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

    private sealed record Both(CriticRun First, CriticRun Second) : IDisposable
    {
        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }
}
