using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>Working memory of a thread, kept between calls and grown on demand.</summary>
internal static unsafe class Scratch
{
    [ThreadStatic]
    private static HostBuffer?[]? s_buffers;

    /// <summary>Uses that may overlap in one thread.</summary>
    public enum Use
    {
        PackedLeft,
        PackedRight,
        Product,
        Rows,
        MoreRows,
    }

    /// <summary>At least <paramref name="floats"/> floats, 64-byte aligned, with what was left in them.</summary>
    public static float* Get(Use use, long floats)
    {
        s_buffers ??= new HostBuffer?[Enum.GetValues<Use>().Length];
        ref var buffer = ref s_buffers[(int)use];
        if (buffer == null || buffer.ByteLength < floats * sizeof(float))
        {
            buffer?.Dispose();
            buffer = new HostBuffer(floats * sizeof(float));
        }

        return (float*)buffer.Address;
    }
}
