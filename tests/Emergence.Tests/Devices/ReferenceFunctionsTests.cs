using Emergence.Devices;
using Emergence.Devices.Reference;

namespace Emergence.Tests.Devices;

/// <summary>Against the math module of Python (glibc), good to its last digit.</summary>
public class ReferenceFunctionsTests
{
    [Theory]
    [InlineData(0.0, 1.0)]
    [InlineData(0.5, 0.47950012218695346)]
    [InlineData(1.0, 0.15729920705028513)]
    [InlineData(1.9999, 0.004679802092970608)]
    [InlineData(2.0, 0.0046777349810472658)]
    [InlineData(3.0, 2.2090496998585441e-05)]
    [InlineData(5.0, 1.5374597944280349e-12)]
    [InlineData(-1.0, 1.8427007929497149)]
    public void Complementary_error_function(double x, double expected) =>
        Assert.InRange(ReferenceFunctions.ComplementaryError(x) / expected, 1 - 5e-12, 1 + 5e-12);

    [Theory]
    [InlineData(Activation.None, -2.0, -2.0)]
    [InlineData(Activation.Relu, -2.0, 0.0)]
    [InlineData(Activation.Relu, 2.0, 2.0)]
    [InlineData(Activation.LeakyRelu, -2.0, -0.02)]
    [InlineData(Activation.GeluErf, 1.0, 0.84134474606854293)]
    [InlineData(Activation.GeluErf, -1.0, -0.15865525393145707)]
    [InlineData(Activation.GeluTanh, 1.0, 0.84119199060827676)]
    [InlineData(Activation.Silu, 1.0, 0.73105857863000487)]
    public void Activations(Activation activation, double x, double expected) =>
        Assert.Equal(expected, ReferenceFunctions.Apply(activation, x), 1e-14);
}
