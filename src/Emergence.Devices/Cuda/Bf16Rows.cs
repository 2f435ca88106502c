using Emergence.Devices.Tensors;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda;

/// <summary>Matrices of bf16 as the products on tensor cores want them: every row starts at a multiple of 16 bytes.</summary>
internal static class Bf16Rows
{
    /// <summary>Elements that a row's stride is a multiple of.</summary>
    public const int Unit = 8;

    private const int UnitBytes = Unit * sizeof(ushort);

    /// <summary>Bytes of a row with its padding.</summary>
    public static long Bytes(int columns) => (columns + Unit - 1L) / Unit * UnitBytes;

    /// <summary>A (rows, columns) that begins at a place of a buffer.</summary>
    public static Tensor At(Buffer buffer, long byteOffset, int rows, int columns)
    {
        var width = (int)(Bytes(columns) / sizeof(ushort));
        var all = new Tensor(buffer, DType.BFloat16, (int)(buffer.ByteLength / UnitBytes), Unit);
        var units = checked((int)((long)rows * width / Unit));
        return all.RowRange((int)(byteOffset / UnitBytes), units).Reshape(rows, width).ColumnRange(0, columns);
    }

    /// <summary>Whether a tensor lies as products read it.</summary>
    public static bool Is(Tensor tensor) =>
        tensor.Type == DType.BFloat16 && tensor.RowStride % Unit == 0 && tensor.Address % UnitBytes == 0;
}
