using System.Runtime.InteropServices;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/attention.cu: a block for each row.</summary>
internal static class AttentionOps
{
    public static void Attention(
        this CudaQueue queue, Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape, AttentionPositions? positions)
    {
        // A score and a weighted sum for each row that a row sees.
        var flops = 2.0 * shape.Query.Count * (shape.Query.Size + shape.Value.Size) * Seen(queue, parents, shape.Window);
        queue.Launch(
            KernelTable.Attention,
            new(q.Rows),
            new(KernelWork.BytesOf(q, k, v, parents, y, positions?.Positions, shape.Sinks), Flops: flops),
            q, q.RowStride, k, k.RowStride, v, v.RowStride, parents, parents.RowStride, y, y.RowStride,
            shape.Query.Count, shape.Query.Stride, shape.Query.Count / shape.Key.Count, shape.Key.Stride, shape.Query.Size,
            shape.Value.Stride, shape.Value.Size, shape.Scale, shape.Window, shape.SoftCap,
            positions?.Positions, positions?.Positions.RowStride ?? 0, positions?.Bias, positions?.Bias?.RowStride ?? 0,
            positions?.Scale, positions?.Scale?.RowStride ?? 0, shape.Sinks);
    }

    /// <summary>
    /// Rows that all rows see together, themselves included. Only a plan knows the forest: on a GPU it lies in its memory.
    /// </summary>
    private static long Seen(CudaQueue queue, Tensor parents, int window)
    {
        if (queue.Gpu.Plan is not { } plan)
            return parents.Rows;
        var (parent, depth, seen) = (new int[parents.Rows], new int[parents.Rows], 0L);
        plan.Device.Download(parents, MemoryMarshal.AsBytes(parent.AsSpan()));
        for (var row = 0; row < parent.Length; row++)
        {
            // A parent lies before its children.
            depth[row] = parent[row] >= 0 && parent[row] < row ? depth[parent[row]] + 1 : 1;
            seen += window == 0 ? depth[row] : Math.Min(window, depth[row]);
        }

        return seen;
    }
}
