using Emergence.Devices;

namespace Emergence.Tests.Devices;

public class CriticOpTests
{
    public static TheoryData<string, int, int> Sizes
    {
        get
        {
            var cases = new TheoryData<string, int, int>();
            foreach (var name in TestDevices.Fast.Select(row => row.Data))
            {
                foreach (var (rows, columns) in new[] { (1, 1), (3, 257), (31, 33), (257, 3), (1000, 31), (33, 1) })
                    cases.Add(name, rows, columns);
            }

            return cases;
        }
    }

    public static TheoryData<string, int[], int> Shapes
    {
        get
        {
            var cases = new TheoryData<string, int[], int>();
            foreach (var name in TestDevices.Fast.Select(row => row.Data))
            {
                cases.Add(name, [1, 1], 1);
                cases.Add(name, [3, 1], 33);
                cases.Add(name, [31, 7, 1], 257);
                cases.Add(name, [64, 32, 16, 1], 1700);
                cases.Add(name, [300, 33, 12, 6, 3, 1], 1000);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Sizes))]
    public void AddPairs_and_its_gradient(string name, int rows, int columns)
    {
        using var op = new OpCase(name, rows);
        var (zx, zy, y, dy) = (op.Random(9, columns), op.Random(7, columns), op.Random(rows, columns), op.Random(rows, columns));
        var (a, b) = (op.RandomIndices(rows, 9), op.RandomIndices(rows, 7));
        op.Device.AddPairs(zx.Tested, a.Tested, zy.Tested, b.Tested, y.Tested);
        op.Reference.AddPairs(zx.Expected, a.Expected, zy.Expected, b.Expected, y.Expected);
        op.CheckRelative(y, 2, 6);
        op.Device.LeakyReluGradient(y.Tested, dy.Tested);
        op.Reference.LeakyReluGradient(y.Expected, dy.Expected);
        op.CheckRelative(dy, 2);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Sums(string name, int rows, int columns)
    {
        using var op = new OpCase(name, rows);
        var (x, sums, byIndex, index) = (op.Random(rows, columns), op.Random(1, columns), op.Random(11, columns), op.RandomIndices(rows, 10));
        op.Device.SumRows(x.Tested, sums.Tested);
        op.Reference.SumRows(x.Expected, sums.Expected);
        op.CheckRelative(sums, Math.Min(rows, 256), 2.8 * rows);
        op.Device.SumByIndex(x.Tested, index.Tested, byIndex.Tested);
        op.Reference.SumByIndex(x.Expected, index.Expected, byIndex.Expected);
        op.CheckRelative(byIndex, rows, 2.8 * rows / 10 + 8);
        Assert.All(op.Read(byIndex.Tested).AsSpan(10 * columns).ToArray(), sum => Assert.Equal(0, sum));
    }

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

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Donsker_Varadhan(string name)
    {
        foreach (var (rows, scale) in new[] { (1, 1.0), (3, 30), (31, 1), (257, 60), (10_001, 5) })
        {
            using var op = new OpCase(name, rows);
            var random = new Random(rows);
            double[] weights = [.. Enumerable.Range(0, rows).Select(_ => (double)(float)(random.NextDouble() / rows))];
            var (scores, joint, marginal, gradient) = (op.Random(rows, 1, scale), op.Matrix(weights, rows, 1), op.Matrix([.. weights.Reverse()], rows, 1), op.Random(rows, 1));
            var found = op.Device.DonskerVaradhan(scores.Tested, joint.Tested, marginal.Tested, gradient.Tested);
            var expected = op.Reference.DonskerVaradhan(scores.Expected, joint.Expected, marginal.Expected, gradient.Expected);
            Assert.Equal(expected.Bits, found.Bits, 1e-9 * Math.Max(1, scale));
            Assert.Equal((expected.MaxScore, expected.NonFinite), (found.MaxScore, found.NonFinite));
            var exact = op.Read(gradient.Expected);
            op.Check(gradient, i => 4 * OpCase.Unit * (Math.Abs(exact[i]) + 1.5 * weights[i]) + 1e-30);
        }
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

    [Theory, MemberData(nameof(Sizes))]
    public void Adam(string name, int rows, int columns)
    {
        var count = rows * columns;
        using var op = new OpCase(name, count);
        var (w, m, v) = (op.Random(1, count), op.Matrix(new double[count], 1, count), op.Matrix(new double[count], 1, count));
        for (var step = 1; step <= 20; step++)
        {
            var g = op.Random(1, count, 1e-3);
            op.Device.Adam(w.Tested, g.Tested, m.Tested, v.Tested, 1e-2, step);
            op.Reference.Adam(w.Expected, g.Expected, m.Expected, v.Expected, 1e-2, step);
        }

        // A step is at most 0.1 long; beta 0.999 in single precision is 2e-5 of (1 - 0.999) off.
        op.CheckRelative(w, 60 + 20 * 0.1 * 2e-5 / OpCase.Unit, 3);
        op.CheckRelative(m, 40, 3e-3);
        op.CheckRelative(v, 40 + 2e-5 / OpCase.Unit, 0);
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

    [Theory, MemberData(nameof(Shapes))]
    public void Critic_passes(string name, int[] widths, int pairs)
    {
        var shape = new CriticShape(33, 17, widths);
        var (found, a, b) = CriticRun.Random(TestDevices.Get(name), shape, 41, 29, pairs, pairs);
        var (expected, _, _) = CriticRun.Random(TestDevices.Reference, shape, 41, 29, pairs, pairs);
        using var _1 = found;
        using var _2 = expected;
        Assert.Equal(expected.Step((a, b)).Bits, found.Step((a, b)).Bits, 2e-5);
        var (scores, gradient) = (expected.Read(expected.Workspace.Scores), expected.Read(expected.Gradient));
        var largest = scores.Max(Math.Abs);

        // Every layer is a sum over its width of products that the scale of the weights keeps near 1.
        Assert.Equal(scores, found.Read(found.Workspace.Scores), (p, q) => Math.Abs(p - q) <= 60 * OpCase.Unit * largest + 1e-6);
        var norm = Math.Sqrt(gradient.Sum(g => g * g));
        var error = Math.Sqrt(gradient.Zip(found.Read(found.Gradient), (p, q) => (p - q) * (p - q)).Sum());
        Assert.True(error <= 2e-4 * norm, $"gradient is off by {error} of {norm}");
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
