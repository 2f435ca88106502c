using Emergence.Devices.Tensors;
using Emergence.Lab.Verification;

namespace Emergence.Tests.Devices;

/// <summary>The inputs of a test on a device by its name and on the reference device.</summary>
internal sealed class OpCase(string name, int seed) : OpInputs(TestDevices.Get(name), TestDevices.Reference, seed)
{
    /// <summary>Half a unit in the last place of 1 in single precision.</summary>
    public const double Unit = Precision.SingleUnit;

    public double[] Read(Tensor tensor) => Read(tensor.Type == DType.Float64 ? Reference : Device, tensor);

    /// <summary>Every element within its own tolerance.</summary>
    public void Check((Tensor Tested, Tensor Expected) result, Func<int, double> tolerance)
    {
        var (found, expected) = (Read(Device, result.Tested), Read(Reference, result.Expected));
        for (var i = 0; i < expected.Length; i++)
        {
            var close = expected[i].Equals(found[i]) || Math.Abs(found[i] - expected[i]) <= tolerance(i);
            Assert.True(close, $"element {i} of {result.Expected}: expected {expected[i]}, found {found[i]}, tolerance {tolerance(i)}");
        }
    }
}
