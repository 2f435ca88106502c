namespace Emergence.Tests.Devices;

/// <summary>What the checks of verification leave open of sums over a mixture: results by hand, batches, what is not a number.</summary>
public sealed class MixtureTests
{
    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void By_hand(string name)
    {
        using var op = new OpCase(name, 1);
        var (a, b, squares) = (op.Matrix([1, 2], 1, 2), op.Matrix([4, 6, 1, 2, 1, 2], 3, 2), op.Random(1, 3));
        op.Device.SquareDistances(a.Tested, b.Tested, op.Indices(1).Tested, squares.Tested);
        Assert.Equal([25, double.PositiveInfinity, 0], op.Read(squares.Tested));

        // Of weights 1/4, 1/2 and 1/4 the middle one was drawn: e^(ln 1/2 +- 2 - 4 / 2) of the first, e^(ln 1/2 -+ 1 - 1 / 2) of the last.
        var (apart, dots, own) = (op.Matrix([4, double.PositiveInfinity, 1], 1, 3), op.Matrix([3, 1, 0], 1, 3),
            op.Matrix([1, Math.Log(0.5)], 1, 2));
        var (logs, sums) = (op.Matrix([Math.Log(0.25), Math.Log(0.5), Math.Log(0.25)], 1, 3), op.Random(1, 4));
        op.Device.SumMixture(dots.Tested, apart.Tested, op.Indices(0).Tested, logs.Tested, own.Tested, op.Matrix([1, 0.5], 1, 2).Tested,
            sums.Tested);
        double[] expected = [(1 + Math.Exp(-1.5)) / 2, (Math.Exp(-4) + Math.Exp(0.5)) / 2, (Math.Exp(0.5) + Math.Exp(-0.625)) / 2,
            (Math.Exp(-1.5) + Math.Exp(0.375)) / 2];
        Assert.Equal(expected, op.Read(sums.Tested), (x, y) => Math.Abs(x - y) < 1e-6);
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void A_draw_does_not_depend_on_the_others(string name)
    {
        const int Draws = 37, Components = 301;
        using var op = new OpCase(name, 2);
        var (a, b, squares) = (op.Random(Draws, 33).Tested, op.Random(Components, 33).Tested, op.Random(Draws, Components).Tested);
        var (dots, logs, own) = (op.Random(Draws, Components).Tested, op.Random(1, Components).Tested, op.Random(Draws, 2).Tested);
        var (inverses, sums, rows) = (op.Matrix([2, 1, 0.25], 1, 3).Tested, op.Random(Draws, 6).Tested,
            op.Indices([.. Enumerable.Range(0, Draws)]).Tested);
        op.Device.SquareDistances(a, b, null, squares);
        op.Device.SumMixture(dots, squares, rows, logs, own, inverses, sums);
        foreach (var (start, count) in new[] { (0, 1), (36, 1), (5, 31) })
        {
            var (apart, some) = (op.Random(count, Components).Tested, op.Random(count, 6).Tested);
            op.Device.SquareDistances(a.RowRange(start, count), b, null, apart);
            Assert.Equal(op.Read(squares.RowRange(start, count)), op.Read(apart));
            op.Device.SumMixture(dots.RowRange(start, count), squares, rows.RowRange(start, count), logs, own.RowRange(start, count),
                inverses, some);
            Assert.Equal(op.Read(sums.RowRange(start, count)), op.Read(some));
        }
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void What_is_not_a_number_is_seen(string name)
    {
        using var op = new OpCase(name, 3);
        var (dots, squares, logs) = (op.Matrix([0, double.NaN, 0], 1, 3), op.Matrix([1, 1, 1], 1, 3), op.Matrix([0, 0, 0], 1, 3));
        var (own, sums) = (op.Matrix([0, 0], 1, 2), op.Random(1, 2));
        op.Device.SumMixture(dots.Tested, squares.Tested, op.Indices(0).Tested, logs.Tested, own.Tested, op.Matrix([1], 1, 1).Tested,
            sums.Tested);
        Assert.All(op.Read(sums.Tested), value => Assert.True(double.IsNaN(value)));
    }
}
