using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Tensors;

namespace Emergence.Tests.Devices;

/// <summary>
/// The same inputs on a device under test and on the reference device. Matrices are views with columns to the left and
/// right of them, so that rows start anywhere.
/// </summary>
internal sealed class OpCase(string name, int seed) : IDisposable
{
    /// <summary>Half a unit in the last place of 1 in single precision.</summary>
    public const double Unit = 5.9604644775390625e-8;

    private const int Before = 3, After = 5;

    private readonly Random _random = new(seed);
    private readonly List<Tensor> _owned = [];

    public Device Device { get; } = TestDevices.Get(name);

    public Device Reference => TestDevices.Reference;

    public static double[] Values(Random random, int count, double scale = 1) =>
        [.. Enumerable.Range(0, count).Select(_ => (double)(float)(scale * (2 * random.NextDouble() - 1) * Math.Exp(random.NextDouble())))];

    /// <summary>A random matrix on both devices.</summary>
    public (Tensor Tested, Tensor Expected) Random(int rows, int columns, double scale = 1) => Matrix(Values(_random, rows * columns, scale), rows, columns);

    public (Tensor Tested, Tensor Expected) Matrix(double[] values, int rows, int columns) => (On(Device, values, rows, columns), On(Reference, values, rows, columns));

    public (Tensor Tested, Tensor Expected) Stored(DType type, int rows, int columns)
    {
        var bytes = new byte[rows * columns * type.Size()];
        for (var i = 0; i < rows * columns; i++)
            WriteStored(type, Values(_random, 1)[0], bytes.AsSpan(i * type.Size()));
        return (OnBytes(Device, type, bytes, rows, columns), OnBytes(Reference, type, bytes, rows, columns));
    }

    public (Tensor Tested, Tensor Expected) Indices(params int[] values) => (Keep(Device.AllocateIndices(values)), Keep(Reference.AllocateIndices(values)));

    public (Tensor Tested, Tensor Expected) RandomIndices(int count, int limit) => Indices([.. Enumerable.Range(0, count).Select(_ => _random.Next(limit))]);

    public double[] Read(Tensor tensor) => Read(tensor.Type == DType.Float64 ? Reference : Device, tensor);

    public static double[] Read(Device device, Tensor tensor)
    {
        var values = new double[tensor.Count];
        device.Download(tensor, values);
        return values;
    }

    /// <summary>Every element within its own tolerance: units[i] half-units of single precision.</summary>
    public void Check((Tensor Tested, Tensor Expected) result, Func<int, double> tolerance)
    {
        var (found, expected) = (Read(Device, result.Tested), Read(Reference, result.Expected));
        for (var i = 0; i < expected.Length; i++)
        {
            var close = expected[i].Equals(found[i]) || Math.Abs(found[i] - expected[i]) <= tolerance(i);
            Assert.True(close, $"element {i} of {result.Expected}: expected {expected[i]}, found {found[i]}, tolerance {tolerance(i)}");
        }
    }

    /// <summary>Within some units of the value's own magnitude.</summary>
    public void CheckRelative((Tensor Tested, Tensor Expected) result, double units, double magnitude = 1)
    {
        var expected = Read(Reference, result.Expected);
        Check(result, i => units * Unit * Math.Max(magnitude, Math.Abs(expected[i])));
    }

    public void Dispose()
    {
        foreach (var tensor in _owned)
            tensor.Dispose();
    }

    private Tensor On(Device device, double[] values, int rows, int columns)
    {
        var bytes = device.ComputeType == DType.Float64 ? MemoryMarshal.AsBytes(values.AsSpan()).ToArray() : MemoryMarshal.AsBytes(values.Select(v => (float)v).ToArray().AsSpan()).ToArray();
        return OnBytes(device, device.ComputeType, bytes, rows, columns);
    }

    private Tensor OnBytes(Device device, DType type, byte[] bytes, int rows, int columns)
    {
        var (width, size) = (Before + columns + After, type.Size());
        var wide = new byte[rows * width * size];
        wide.AsSpan().Fill(0x3F);
        for (var r = 0; r < rows; r++)
            bytes.AsSpan(r * columns * size, columns * size).CopyTo(wide.AsSpan((r * width + Before) * size));
        var tensor = Keep(device.Allocate(type, rows, width));
        device.Upload(wide, tensor);
        return tensor.ColumnRange(Before, columns);
    }

    private Tensor Keep(Tensor tensor)
    {
        _owned.Add(tensor);
        return tensor;
    }

    private static void WriteStored(DType type, double value, Span<byte> destination)
    {
        switch (type)
        {
            case DType.Float64:
                BitConverter.TryWriteBytes(destination, value);
                break;
            case DType.Float32:
                BitConverter.TryWriteBytes(destination, (float)value);
                break;
            case DType.Float16:
                BitConverter.TryWriteBytes(destination, (Half)value);
                break;
            default:
                BitConverter.TryWriteBytes(destination, (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16));
                break;
        }
    }
}
