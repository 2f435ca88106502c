using Emergence.Devices;
using Emergence.Ilgpu;
using Emergence.Ilgpu.Kernels;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Ilgpu;

/// <summary>The functions of kernels in C# on the host, against the run time's, and on a device, against the host.</summary>
public class FunctionsTests
{
    [Fact]
    public void Every_half_is_the_single_it_stands_for()
    {
        for (var bits = 0; bits <= ushort.MaxValue; bits++)
            Assert.Equal((float)BitConverter.UInt16BitsToHalf((ushort)bits), Functions.FromHalf((ushort)bits));
    }

    [Fact]
    public void Doubles_are_rounded_to_the_nearest_single()
    {
        var random = new Random(3);
        double[] edges =
        [
            0, -0.0, 1, 1 + Math.Pow(2, -24), 1 + 3 * Math.Pow(2, -24), float.MaxValue, 3.4028235677973366e38, 1e300, double.Epsilon,
            float.Epsilon, 0.5 * float.Epsilon, 0.75 * float.Epsilon, 1.1754943508222875e-38, 1.17549428e-38, double.NaN,
            double.PositiveInfinity, double.NegativeInfinity, Math.PI,
        ];
        var drawn = Enumerable.Range(0, 100_000)
            .Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)));
        var near = Enumerable.Range(0, 100_000).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-155, 130)));
        foreach (var value in edges.Concat(drawn).Concat(near))
        {
            var found = Functions.FromDouble(BitConverter.DoubleToUInt64Bits(value));
            Assert.True(((float)value).Equals(found) && float.IsNegative((float)value) == float.IsNegative(found) || double.IsNaN(value)
                && float.IsNaN(found), $"{value:R}: expected {(float)value:R}, found {found:R}");
        }
    }

    [Fact]
    public void Exponentials_are_right_to_a_few_units_in_the_last_place()
    {
        for (var i = -2000; i <= 2000; i++)
        {
            var x = i * 0.0437f;
            Assert.Equal(1, Functions.Exp(x) / Math.Exp(x), 3e-7);
            Assert.Equal(1, Functions.Exp((double)x) / Math.Exp(x), 1e-14);
            var exact = 2 * Math.Exp(x / 2.0) * Math.Sinh(x / 2.0);
            Assert.InRange(Math.Abs(Functions.ExpMinusOne(x) - exact), 0, 6e-7 * Math.Abs(exact));
        }

        Assert.Equal(0, Functions.Exp(-1000.0));
        Assert.Equal((0, float.PositiveInfinity), (Functions.Exp(-200f), Functions.Exp(89f)));
        Assert.True(float.IsNaN(Functions.Exp(float.NaN)) && double.IsNaN(Functions.Exp(double.NaN)));
    }

    /// <summary>OpenCL on a processor fuses nothing: what the host computes is what the device does, to the byte.</summary>
    [Fact]
    public void A_device_gives_the_bytes_of_the_host()
    {
        var device = Assert.IsType<IlgpuDevice>(TestDevices.Get(IlgpuDevices.Name));
        Assert.SkipUnless(device.Traits.Scale == DeviceScale.Host, "a GPU's compiler fuses products and sums");
        float[] values =
        [
            .. Enumerable.Range(-4000, 8001).Select(i => i * 0.01237f), float.NaN, float.PositiveInfinity, float.NegativeInfinity,
            -0.0f, 1e-40f, -1e-40f, 1e30f, -1e30f,
        ];
        using var x = device.Allocate(1, values.Length);
        using var ones = device.Allocate(1, values.Length);
        using var y = device.Allocate(1, values.Length);
        device.Upload(values, x);
        device.Upload(Enumerable.Repeat(1f, values.Length).ToArray(), ones);
        foreach (var activation in Enum.GetValues<Activation>())
        {
            device.Gate(x, ones, activation, y);
            var found = new float[values.Length];
            device.Download(y, found.AsSpan());
            for (var i = 0; i < values.Length; i++)
                Assert.Equal((activation, values[i], Functions.Activate(values[i], (int)activation)), (activation, values[i], found[i]));
        }
    }
}
