using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Reference;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Error of em_math.h in units in the last place against double precision, by kernels that call one function each.</summary>
[Collection("emulator tests")]
public sealed unsafe class DeviceMathTests
{
    private const int Count = 100_000;

    [Theory]
    [InlineData(0, -87.0, 88.0, 1.1, 0.0)]
    [InlineData(1, 1e-3, 10.0, 1.0, 0.0)]
    [InlineData(1, 1e-30, 1e30, 1.0, 0.0)]
    [InlineData(2, -12.0, 12.0, 1.6, 0.0)]
    [InlineData(3, -5.0, 5.0, 1.6, 0.0)]
    [InlineData(4, -6.0, 6.0, 2.6, 4e-7)]
    [InlineData(5, -6.0, 6.0, 3.0, 4e-7)]
    [InlineData(6, -80.0, 80.0, 2.6, 0.0)]
    public void Functions_keep_their_bounds(int which, double from, double to, double ulps, double absolute)
    {
        var x = Enumerable.Range(0, Count).Select(i => (float)(from + (to - from) * i / (Count - 1))).ToArray();
        var y = Evaluate(x, which);
        double worst = 0, at = 0;
        for (var i = 0; i < Count; i++)
        {
            var exact = Exact(which, x[i]);
            var error = Math.Max(0, Math.Abs(y[i] - exact) - absolute) / Ulp(exact);
            if (error > worst)
                (worst, at) = (error, x[i]);
        }

        Assert.True(worst <= ulps, $"{worst:0.00} ulp at {at}");
    }

    [Theory]
    [InlineData(0, float.NegativeInfinity, 0f)]
    [InlineData(0, float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(0, 100f, float.PositiveInfinity)]
    [InlineData(0, float.NaN, float.NaN)]
    [InlineData(1, 0f, float.NegativeInfinity)]
    [InlineData(1, -1f, float.NaN)]
    [InlineData(1, float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(1, 1f, 0f)]
    [InlineData(2, float.NegativeInfinity, -1f)]
    [InlineData(2, float.NaN, float.NaN)]
    [InlineData(3, float.PositiveInfinity, 1f)]
    [InlineData(3, float.NaN, float.NaN)]
    public void Special_values_come_out_as_in_ieee(int which, float x, float expected) => Assert.Equal(expected, Evaluate([x], which)[0]);

    [Fact]
    public void Subnormal_results_and_arguments_keep_their_value()
    {
        Assert.InRange(Evaluate([-95f], 0)[0] / Math.Exp(-95), 1 - 1e-3, 1 + 1e-3);
        Assert.InRange(Evaluate([1e-40f], 1)[0] / Math.Log((double)1e-40f), 1 - 1e-7, 1 + 1e-7);
    }

    [Fact]
    public void Halves_are_read_exactly()
    {
        var bits = Enumerable.Range(0, 1 << 16).ToArray();
        var found = Evaluate([.. bits.Select(b => BitConverter.UInt32BitsToSingle((uint)b))], 8);
        Assert.All(bits, b => Assert.Equal((float)BitConverter.UInt16BitsToHalf((ushort)b), found[b]));
    }

    [Theory]
    [InlineData(1f, 1f)]
    [InlineData(1.00390625f, 1f)]
    [InlineData(1.01171875f, 1.015625f)]
    [InlineData(-3.4e38f, float.NegativeInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void Bf16_rounds_to_nearest_even(float x, float expected) => Assert.Equal(expected, Evaluate([x], 7)[0]);

    private static double Exact(int which, double x) => which switch
    {
        0 => Math.Exp(x),
        1 => Math.Log(x),
        2 => Math.Tanh(x),
        3 => x < 0 ? ReferenceFunctions.ComplementaryError(-x) is var c ? c - 1 : 0 : 1 - ReferenceFunctions.ComplementaryError(x),
        4 => ReferenceFunctions.Apply(Emergence.Devices.Activation.GeluErf, x),
        5 => ReferenceFunctions.Apply(Emergence.Devices.Activation.GeluTanh, x),
        _ => ReferenceFunctions.Apply(Emergence.Devices.Activation.Silu, x),
    };

    private static double Ulp(double value) => (double)MathF.BitIncrement(Math.Abs((float)value)) - Math.Abs((float)value);

    private static float[] Evaluate(float[] x, int which)
    {
        var driver = EmulatorFixture.Tests;
        using var context = new CudaContext(driver);
        using var stream = new CudaStream(context);
        var kernels = new CudaKernels(context, new KernelImages(context, null));
        using CudaBuffer input = new(context, 4 * x.Length), output = new(context, 4 * x.Length);
        var y = new float[x.Length];
        fixed (float* from = x, to = y)
        {
            driver.Check(driver.cuMemcpyHtoDAsync_v2((ulong)input.Address, from, (nuint)(4 * x.Length), stream.Handle));
            stream.Launch(kernels[new KernelRow("probe_math", "probe", 256)], new Grid((x.Length + 255) / 256), input, output, x.Length, which);
            driver.Check(driver.cuMemcpyDtoHAsync_v2(to, (ulong)output.Address, (nuint)(4 * x.Length), stream.Handle));
            stream.Synchronize();
        }

        return y;
    }
}
