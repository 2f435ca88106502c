using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>bf16 values and matrices for tests: rows start at multiples of 8 elements, and what lies between is NaN.</summary>
internal static class Bf16
{
    /// <summary>Relative error of one rounding to bf16, whose significands have 8 bits.</summary>
    public const double Unit = 1.0 / 256;

    /// <summary>Relative error of one addition: an epsilon of single precision, for tensor cores do not round to nearest.</summary>
    public const double Step = 1.1920929e-7;

    private const ushort Garbage = 0x7FC1;

    /// <param name="warpgroups">Whether products use Hopper's instructions.</param>
    public static CudaDevice Device(bool warpgroups = false) => new(EmulatorFixture.Kernels, null, DType.BFloat16, warpgroups);

    /// <summary>To nearest even, as in IEEE 754.</summary>
    public static double Round(double value) => BitConverter.UInt32BitsToSingle((uint)Bits((float)value) << 16);

    public static double[] Values(Random random, int count, double scale = 1) => [.. OpCase.Values(random, count, scale).Select(Round)];

    public static Tensor Upload(Device device, double[] values, int rows, int columns)
    {
        var width = (columns + 7) / 8 * 8 + 8;
        var bits = new ushort[rows * width];
        Array.Fill(bits, Garbage);
        for (var i = 0; i < rows * columns; i++)
            bits[i / columns * width + i % columns] = Bits((float)values[i]);
        var tensor = device.Allocate(DType.BFloat16, rows, width);
        device.Upload(MemoryMarshal.AsBytes(bits.AsSpan()), tensor);
        return tensor.ColumnRange(0, columns);
    }

    public static double[] Download(Device device, Tensor tensor)
    {
        var bits = new ushort[tensor.Count];
        device.Download(tensor, MemoryMarshal.AsBytes(bits.AsSpan()));
        return [.. bits.Select(b => (double)BitConverter.UInt32BitsToSingle((uint)b << 16))];
    }

    /// <summary>Whether everything behind the columns of a matrix made by <see cref="Upload"/> is as it was.</summary>
    public static bool IsUntouchedBehind(Device device, Tensor tensor)
    {
        var behind = new Tensor(tensor.Buffer, DType.BFloat16, tensor.Rows, tensor.RowStride).ColumnRange(tensor.Columns, tensor.RowStride - tensor.Columns);
        var bits = new ushort[behind.Count];
        device.Download(behind, MemoryMarshal.AsBytes(bits.AsSpan()));
        return bits.All(b => b == Garbage);
    }

    private static ushort Bits(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}
