using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/norm.cu: a warp for each row.</summary>
internal static class NormOps
{
    private const int RowsOfBlock = 8;

    public static void LayerNorm(this CudaQueue queue, Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual)
    {
        if (x.Columns == 0)
            return;
        queue.Launch(
            KernelTable.LayerNorm,
            new(Grid.Blocks(x.Rows, RowsOfBlock)),
            KernelWork.Of(x, weight, bias, residual, y),
            x, x.RowStride, weight, KernelArgument.TypeOf(weight), bias, KernelArgument.TypeOf(bias), epsilon, y, y.RowStride,
            residual, residual?.RowStride ?? 0, x.Rows, x.Columns);
    }

    public static void RmsNorm(this CudaQueue queue, Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual)
    {
        if (x.Columns == 0)
            return;
        queue.Launch(
            KernelTable.RmsNorm,
            new(Grid.Blocks(x.Rows, RowsOfBlock)),
            KernelWork.Of(x, weight, residual, y),
            x, x.RowStride, weight, KernelArgument.TypeOf(weight), epsilon, y, y.RowStride,
            residual, residual?.RowStride ?? 0, x.Rows, x.Columns);
    }
}
