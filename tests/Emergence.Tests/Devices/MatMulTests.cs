using Emergence.Devices;
using Emergence.Tensors;

namespace Emergence.Tests.Devices;

public class MatMulTests
{
    private static readonly int[] s_sizes = [1, 3, 31, 33, 257];

    public static TheoryData<string, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int, int>();
            foreach (var name in TestDevices.Fast.Select(row => row.Data))
            {
                foreach (var m in s_sizes)
                {
                    foreach (var n in s_sizes)
                        cases.Add(name, m, n, s_sizes[(m + n) % s_sizes.Length]);
                }

                cases.Add(name, 5, 64, 0);
                cases.Add(name, 7, 50, 769);
                cases.Add(name, 200, 17, 385);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Product_in_all_four_layouts(string name, int m, int n, int k)
    {
        foreach (var (transposeA, transposeB) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            using var op = new OpCase(name, m * 1000 + n);
            var (a, b, y) = (transposeA ? op.Random(k, m) : op.Random(m, k), transposeB ? op.Random(n, k) : op.Random(k, n), op.Random(m, n));
            op.Device.MatMul(a.Tested, b.Tested, y.Tested, transposeA, transposeB);
            op.Reference.MatMul(a.Expected, b.Expected, y.Expected, transposeA, transposeB);
            op.Check(y, Bound(op, a.Expected, b.Expected, transposeA, transposeB, n, 1));
        }
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Product_by_hand(string name)
    {
        using var op = new OpCase(name, 1);
        var (a, b) = (op.Matrix([1, 2, 3, 4, 5, 6], 2, 3), op.Matrix([1, 0, -1, 2, 1, 0], 3, 2));
        var (bias, y) = (op.Matrix([10, -100], 1, 2), op.Matrix([1, 2, 3, 4], 2, 2));
        op.Device.MatMul(a.Tested, b.Tested, y.Tested, bias: bias.Tested, activation: Activation.Relu, residual: y.Tested);
        Assert.Equal([13.0, 2.0, 18.0, 4.0], op.Read(y.Tested));
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Bias_activation_and_residual_in_one(string name)
    {
        foreach (var activation in Enum.GetValues<Activation>())
        {
            foreach (var (n, k, alias) in new[] { (33, 31, false), (257, 33, true), (3, 800, true), (16, 1000, false) })
            {
                using var op = new OpCase(name, n);
                var (a, b, bias, y) = (op.Random(13, k, 0.3), op.Random(n, k, 0.3), op.Random(1, n), op.Random(13, n));
                var residual = alias ? y : op.Random(13, n);
                op.Device.MatMul(a.Tested, b.Tested, y.Tested, false, true, bias.Tested, activation, residual.Tested);
                op.Reference.MatMul(a.Expected, b.Expected, y.Expected, false, true, bias.Expected, activation, residual.Expected);

                // Slopes of all activations are below 1.2; their own errors are below 24 units of the result.
                op.Check(y, Bound(op, a.Expected, b.Expected, false, true, n, 30));
            }
        }
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Weights_of_every_stored_type(string name)
    {
        foreach (var type in new[] { DType.Float32, DType.Float64, DType.Float16, DType.BFloat16 })
        {
            foreach (var transpose in new[] { false, true })
            {
                using var op = new OpCase(name, 5);
                var (a, y) = (op.Random(9, 41), op.Random(9, 35));
                var b = transpose ? op.Stored(type, 35, 41) : op.Stored(type, 41, 35);
                op.Device.MatMul(a.Tested, b.Tested, y.Tested, transposeB: transpose);
                op.Reference.MatMul(a.Expected, b.Expected, y.Expected, transposeB: transpose);
                op.Check(y, Bound(op, a.Expected, b.Expected, false, transpose, 35, 2));
            }
        }
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Half_precision_specials_are_read_as_they_are(string name)
    {
        using var op = new OpCase(name, 6);
        Half[] values = [Half.PositiveInfinity, Half.NegativeInfinity, Half.NaN, Half.Epsilon, -Half.Epsilon, Half.MaxValue, (Half)6.1e-5, Half.NegativeZero, (Half)1];
        using var b = op.Device.Allocate(DType.Float16, 1, values.Length);
        op.Device.Upload(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()), b);
        var (one, y) = (op.Matrix([1], 1, 1), op.Random(1, values.Length));
        op.Device.MatMul(one.Tested, b, y.Tested);
        Assert.Equal(values.Select(v => (double)v), op.Read(y.Tested));
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Not_a_number_stays_in_its_row_and_column(string name)
    {
        using var op = new OpCase(name, 7);
        var values = OpCase.Values(new Random(3), 20 * 50);
        (values[7 * 50 + 11], values[9 * 50 + 4]) = (double.NaN, double.PositiveInfinity);
        var (a, b, y) = (op.Matrix(values, 20, 50), op.Random(50, 40), op.Random(20, 40));
        op.Device.MatMul(a.Tested, b.Tested, y.Tested);
        var found = op.Read(y.Tested);
        for (var i = 0; i < found.Length; i++)
        {
            Assert.Equal(i / 40 == 7, double.IsNaN(found[i]));
            Assert.Equal(i / 40 == 9, double.IsInfinity(found[i]));
        }
    }

    /// <summary>K roundings of a chain, a few more for the rest, each of the sum of magnitudes.</summary>
    private static Func<int, double> Bound(OpCase op, Tensor a, Tensor b, bool transposeA, bool transposeB, int n, int extra)
    {
        var (left, right) = (OpCase.Read(op.Reference, a), ReadAny(op, b));
        var (k, m) = transposeA ? (a.Rows, a.Columns) : (a.Columns, a.Rows);
        return i =>
        {
            var (row, column, sum) = (i / n, i % n, 4.0);
            for (var j = 0; j < k; j++)
                sum += Math.Abs(left[transposeA ? j * m + row : row * k + j] * right[transposeB ? column * k + j : j * n + column]);
            return 1.2 * (k + 2 + extra) * OpCase.Unit * sum;
        };
    }

    private static double[] ReadAny(OpCase op, Tensor b)
    {
        using var identity = op.Reference.Allocate(b.Rows, b.Rows);
        using var values = op.Reference.Allocate(b.Rows, b.Columns);
        var ones = new double[b.Rows * b.Rows];
        for (var i = 0; i < b.Rows; i++)
            ones[i * b.Rows + i] = 1;
        op.Reference.Upload(ones, identity);
        op.Reference.MatMul(identity, b, values);
        return OpCase.Read(op.Reference, values);
    }
}
