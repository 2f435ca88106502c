using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/mixture.cu: distances by tiles, and a block for each draw and size of its noise.</summary>
internal static class MixtureOps
{
    private const int Tile = 32;

    public static void SquareDistances(this CudaQueue queue, Tensor a, Tensor b, Tensor? same, Tensor y) =>
        queue.Launch(
            KernelTable.SquareDistances,
            new(Grid.Blocks(b.Rows, Tile), Math.Min(Grid.Blocks(a.Rows, Tile), Grid.MaxY)),
            new(KernelWork.BytesOf(a, b, same, y), Flops: 3.0 * y.Count * a.Columns),
            a, a.RowStride, b, b.RowStride, same, same?.RowStride ?? 0, y, y.RowStride, a.Rows, b.Rows, a.Columns);

    public static void SumMixture(
        this CudaQueue queue, Tensor? dots, Tensor squares, Tensor rows, Tensor logs, Tensor own, Tensor inverses, Tensor sums)
    {
        // Of a component at both ends: its exponents, and two exponentials of some twenty operations.
        var flops = 50.0 * sums.Rows * inverses.Columns * squares.Columns;
        queue.Launch(
            KernelTable.SumMixture,
            new(sums.Rows, inverses.Columns),
            new(KernelWork.BytesOf(dots, squares, rows, logs, own, inverses, sums), Flops: flops),
            dots, dots?.RowStride ?? 0, squares, squares.RowStride, rows, rows.RowStride, logs, own, own.RowStride, inverses,
            sums, sums.RowStride, squares.Columns);
    }
}
