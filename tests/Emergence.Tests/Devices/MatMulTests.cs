using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices;

public class MatMulTests
{
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
}
