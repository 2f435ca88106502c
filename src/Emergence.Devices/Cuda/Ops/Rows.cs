using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/rows.cu.</summary>
internal static class RowsOps
{
    public static void Embed(this CudaQueue queue, Tensor ids, Tensor table, float scale, Tensor y, bool accumulate) =>
        queue.Launch(
            KernelTable.Embed,
            Grid.Elements(KernelTable.Embed, y.Rows, y.Columns),
            new(KernelWork.BytesOf(ids, y, accumulate ? y : null) + ((double)y.Count * table.Type.Size())),
            ids, ids.RowStride, table, table.RowStride, KernelArgument.TypeOf(table), scale, y, y.RowStride, y.Rows, y.Columns,
            accumulate ? 1 : 0);

    public static void GatherRows(this CudaQueue queue, Tensor source, Tensor rows, Tensor destination) =>
        queue.Launch(
            KernelTable.GatherRows,
            Grid.Elements(KernelTable.GatherRows, destination.Rows, destination.Columns),
            KernelWork.Of(rows, destination, destination),
            source, source.RowStride, rows, rows.RowStride, destination, destination.RowStride, destination.Rows, destination.Columns,
            source.Type.Size());

    public static void MixRows(this CudaQueue queue, Tensor x, Tensor rows, Tensor weights, Tensor y) =>
        queue.Launch(
            KernelTable.MixRows,
            Grid.Elements(KernelTable.MixRows, y.Rows, y.Columns),
            new(KernelWork.BytesOf(rows, weights, y) + ((double)sizeof(float) * rows.Count * y.Columns), Flops: 2.0 * rows.Count * y.Columns),
            x, x.RowStride, rows, rows.RowStride, weights, weights.RowStride, rows.Columns, y, y.RowStride, y.Rows, y.Columns);

    public static void CopyHeads(this CudaQueue queue, Tensor source, HeadLayout from, Tensor destination, HeadLayout to)
    {
        // An element is read, from one head or from each of its own, and written.
        var copied = (double)source.Rows * to.Count * to.Size;
        queue.Launch(
            KernelTable.CopyHeads,
            Grid.Elements(KernelTable.CopyHeads, source.Rows, to.Count * to.Size),
            new(2 * sizeof(float) * copied),
            source, source.RowStride, from.Count == 1 ? 0 : from.Stride, destination, destination.RowStride, to.Stride, to.Count, to.Size,
            source.Rows);
    }

    public static void Rotate(
        this CudaQueue queue, Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs)
    {
        // Two elements turn by an angle; both are read and written.
        var turned = 2.0 * x.Rows * heads.Count * cosines.Columns;
        queue.Launch(
            KernelTable.Rotate,
            Grid.Elements(KernelTable.Rotate, x.Rows, heads.Count * cosines.Columns),
            new((2 * sizeof(float) * turned) + KernelWork.BytesOf(positions, cosines, sines)),
            x, x.RowStride, heads.Count, heads.Stride, positions, positions.RowStride, cosines, cosines.RowStride, sines, sines.RowStride,
            cosines.Columns, pairs == RotaryPairs.Neighbours ? 1 : 0, x.Rows);
    }
}
