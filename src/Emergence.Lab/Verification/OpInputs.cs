using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;
using Pair = (Emergence.Devices.Tensors.Tensor Tested, Emergence.Devices.Tensors.Tensor Expected);

namespace Emergence.Lab.Verification;

/// <summary>
/// Inputs of an op, alike on a device under test and on the reference device. Matrices are views with columns to the left and
/// right of them, so that rows start anywhere.
/// </summary>
internal class OpInputs(Device device, Device reference, int seed) : IDisposable
{
    private const int Before = 3, After = 5;

    private readonly List<IDisposable> _owned = [];

    public Device Device => device;

    public Device Reference => reference;

    /// <summary>Draws the inputs.</summary>
    public Random Generator { get; } = new(seed);

    /// <summary>Numbers of single precision of both signs, up to 2.7 times <paramref name="scale"/>.</summary>
    public static double[] Values(Random random, int count, double scale = 1) =>
        [.. Enumerable.Range(0, count).Select(_ => (double)(float)(scale * (2 * random.NextDouble() - 1) * Math.Exp(random.NextDouble())))];

    /// <summary>A random matrix on both devices.</summary>
    public Pair Random(int rows, int columns, double scale = 1) => Matrix(Values(Generator, rows * columns, scale), rows, columns);

    public Pair Matrix(double[] values, int rows, int columns) => (On(device, values, rows, columns), On(reference, values, rows, columns));

    /// <summary>Random weights of a stored type.</summary>
    public Pair Stored(DType type, int rows, int columns)
    {
        var bytes = new byte[rows * columns * type.Size()];
        for (var i = 0; i < rows * columns; i++)
            WriteStored(type, Values(Generator, 1)[0], bytes.AsSpan(i * type.Size()));
        return (OnBytes(device, type, bytes, rows, columns), OnBytes(reference, type, bytes, rows, columns));
    }

    public Pair Indices(params int[] values) => (Keep(device.AllocateIndices(values)), Keep(reference.AllocateIndices(values)));

    public Pair RandomIndices(int count, int limit) => Indices([.. Enumerable.Range(0, count).Select(_ => Generator.Next(limit))]);

    /// <summary>Runs an op on both devices.</summary>
    public void Both(Action<Device, Func<Pair, Tensor>> op)
    {
        op(device, pair => pair.Tested);
        op(reference, pair => pair.Expected);
    }

    /// <summary>Elements of a tensor of the device it is on, of any floating type on the reference device.</summary>
    public double[] Read(Pair pair, bool expected) => expected ? ReadHost(pair.Expected) : Read(device, pair.Tested);

    public static double[] Read(Device device, Tensor tensor)
    {
        var values = new double[tensor.Count];
        device.Download(tensor, values);
        return values;
    }

    /// <summary>Magnitudes of a matrix, for the bound of what is computed from it.</summary>
    public Tensor Magnitudes(Tensor expected) => On(reference, [.. ReadHost(expected).Select(Math.Abs)], expected.Rows, expected.Columns);

    /// <summary>Lives as long as the inputs.</summary>
    public T Keep<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        foreach (var owned in _owned)
            owned.Dispose();
    }

    private static double[] ReadHost(Tensor tensor)
    {
        var (view, values) = (new MatrixView(tensor), new double[tensor.Count]);
        for (var i = 0; i < values.Length; i++)
            values[i] = view[i / tensor.Columns, i % tensor.Columns];
        return values;
    }

    private Tensor On(Device on, double[] values, int rows, int columns)
    {
        var bytes = on.ComputeType == DType.Float64
            ? MemoryMarshal.AsBytes(values.AsSpan()).ToArray()
            : MemoryMarshal.AsBytes(values.Select(v => (float)v).ToArray().AsSpan()).ToArray();
        return OnBytes(on, on.ComputeType, bytes, rows, columns);
    }

    private Tensor OnBytes(Device on, DType type, byte[] bytes, int rows, int columns)
    {
        var (width, size) = (Before + columns + After, type.Size());
        var wide = new byte[rows * width * size];
        wide.AsSpan().Fill(0x3F);
        for (var r = 0; r < rows; r++)
            bytes.AsSpan(r * columns * size, columns * size).CopyTo(wide.AsSpan((r * width + Before) * size));
        var tensor = Keep(on.Allocate(type, rows, width));
        on.Upload(wide, tensor);
        return tensor.ColumnRange(Before, columns);
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
