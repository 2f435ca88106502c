using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/paths.cu: recurrences take a warp for each channel through all rows.</summary>
internal static class PathsOps
{
    private const int Warp = 32;

    public static void ConvolvePaths(
        this CudaQueue queue, Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y) =>
        queue.Launch(
            KernelTable.ConvolvePaths,
            Grid.Elements(KernelTable.ConvolvePaths, x.Rows, x.Columns),
            new(KernelWork.BytesOf(x, paths.Parents, weight, bias, y), Flops: 2.0 * x.Count * weight.Columns),
            x, x.RowStride, paths.Parents, paths.Parents.RowStride, weight, weight.RowStride, weight.Columns, bias, (int)activation,
            y, y.RowStride, x.Rows, x.Columns);

    public static void ScanPaths(
        this CudaQueue queue, Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y)
    {
        var (channels, size) = (x.Columns, b.Columns / shape.Groups);
        using var held = queue.Scratch(StateBytes(paths, channels, size), out var states);

        // Of a state: its decay, what comes in, what is read.
        var flops = 6.0 * x.Count * size;
        queue.Launch(
            KernelTable.ScanPaths,
            new(Grid.Blocks(channels, KernelTable.ScanPaths.Threads / Warp)),
            new(KernelWork.BytesOf(x, steps, b, c, paths.Parents, paths.Places, shape.LogRates, y), Flops: flops),
            x, x.RowStride, steps, steps.RowStride, b, b.RowStride, c, c.RowStride, shape.LogRates, shape.LogRates.RowStride,
            shape.LogRates.Columns > 1 ? 1 : 0, shape.StepBias, shape.LeastStep, shape.MostStep, shape.Skip,
            paths.Parents, paths.Parents.RowStride, paths.Places, paths.Places.RowStride, states,
            y, y.RowStride, channels, channels / shape.Heads, shape.Heads / shape.Groups, size, x.Rows);
    }

    public static void DeltaPaths(
        this CudaQueue queue, Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y)
    {
        var (channels, size) = (v.Columns, q.Columns / shape.KeyHeads);
        using var held = queue.Scratch(StateBytes(paths, channels, size), out var states);

        // Of a state: its decay, what is known, what comes in, what is read.
        var flops = 7.0 * v.Count * size;
        queue.Launch(
            KernelTable.DeltaPaths,
            new(Grid.Blocks(channels, KernelTable.DeltaPaths.Threads / Warp)),
            new(KernelWork.BytesOf(q, k, v, steps, gates, paths.Parents, paths.Places, y), Flops: flops),
            q, q.RowStride, k, k.RowStride, v, v.RowStride, steps, steps.RowStride, gates, gates.RowStride,
            shape.LogRates, shape.LogRates.RowStride, shape.StepBias,
            paths.Parents, paths.Parents.RowStride, paths.Places, paths.Places.RowStride, states,
            y, y.RowStride, channels, channels / shape.ValueHeads, shape.ValueHeads / shape.KeyHeads, size, v.Rows);
    }

    private static long StateBytes(ForestPaths paths, int channels, int size) =>
        sizeof(float) * (long)paths.PlaceCount * channels * size;
}
