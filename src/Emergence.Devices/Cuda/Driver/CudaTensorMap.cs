using System.Runtime.CompilerServices;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>How the copy engine sees a bf16 tensor: opaque to all but the driver, a kernel's parameter by value.</summary>
[InlineArray(Words)]
internal struct CudaTensorMap
{
    private const int Words = 16, Rank = 3;
    private const int BFloat16 = 9, Swizzle64 = 2, Swizzle128 = 3, Promotion256 = 3, Alignment = 64;

    private ulong _first;

    /// <summary>
    /// Boxes of (1, <paramref name="rows"/>, <paramref name="columns"/>) elements, out of <paramref name="parts"/> matrices that
    /// lie behind each other; outside of a matrix they are zero. In shared memory the 16 bytes of their rows are swizzled.
    /// </summary>
    /// <param name="driver">Encodes it.</param>
    /// <param name="matrix">(parts * R, C) bf16, rows a multiple of 16 bytes apart.</param>
    /// <param name="rows">Rows of a box, at most 256.</param>
    /// <param name="parts">Matrices that <paramref name="matrix"/> consists of.</param>
    /// <param name="columns">64 or 32: rows of 128 or 64 bytes.</param>
    public static unsafe CudaTensorMap Of(CudaDriver driver, Tensor matrix, int rows, int parts, int columns = 64)
    {
        var each = matrix.Rows / parts;
        var stride = (ulong)matrix.RowStride * sizeof(ushort);
        var size = stackalloc ulong[Rank] { (ulong)matrix.Columns, (ulong)each, (ulong)parts };
        var strides = stackalloc ulong[Rank - 1] { stride, stride * (ulong)each };
        var box = stackalloc uint[Rank] { (uint)columns, (uint)rows, 1 };
        var steps = stackalloc uint[Rank] { 1, 1, 1 };
        var memory = stackalloc ulong[Words + (Alignment / sizeof(ulong))];
        var map = (CudaTensorMap*)(((nint)memory + Alignment - 1) & -Alignment);
        driver.Check(driver.cuTensorMapEncodeTiled(map, BFloat16, Rank, (void*)matrix.Address, size, strides, box, steps, 0, columns == 64 ? Swizzle128 : Swizzle64, Promotion256, 0), $"cuTensorMapEncodeTiled({matrix})");
        return *map;
    }
}
