using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>A right side of products in the order in which a kernel reads it, packed once for many products.</summary>
internal sealed unsafe class PackedRight : IDisposable
{
    private HostBuffer? _buffer;

    /// <summary>K: length of the sums.</summary>
    public int Rows { get; private set; }

    /// <summary>N: columns of the products.</summary>
    public int Columns { get; private set; }

    public float* Address => (float*)_buffer!.Address;

    /// <summary>Numbers that a (K, N) matrix takes in whole panels of a width.</summary>
    public static long Floats(int rows, int columns, int width) => (long)rows * Ceiling.Multiple(columns, width);

    /// <summary>Memory for (K, N), whole panels of a width.</summary>
    public float* Reserve(int rows, int columns, int width)
    {
        (Rows, Columns) = (rows, columns);
        var bytes = Floats(rows, columns, width) * sizeof(float);
        if (_buffer == null || _buffer.ByteLength < bytes)
        {
            _buffer?.Dispose();
            _buffer = new HostBuffer(bytes);
        }

        return Address;
    }

    public void Dispose() => _buffer?.Dispose();
}
