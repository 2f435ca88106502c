using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/elementwise.cu.</summary>
internal static class ElementwiseOps
{
    public static void Gate(this CudaQueue queue, Tensor gate, Tensor up, Activation activation, Tensor y) =>
        queue.Launch(
            KernelTable.Gate,
            Grid.Elements(KernelTable.Gate, y.Rows, y.Columns),
            KernelWork.Of(gate, up, y),
            gate, gate.RowStride, up, up.RowStride, y, y.RowStride, y.Rows, y.Columns, (int)activation);

    public static void Scale(this CudaQueue queue, Tensor x, float factor, Tensor y, Tensor? residual) =>
        queue.Launch(
            KernelTable.Scale,
            Grid.Elements(KernelTable.Scale, x.Rows, x.Columns),
            KernelWork.Of(x, residual, y),
            x, x.RowStride, factor, y, y.RowStride, residual, residual?.RowStride ?? 0, x.Rows, x.Columns);

    public static void Clip(this CudaQueue queue, Tensor x, float least, float most) =>
        queue.Launch(
            KernelTable.Clip,
            Grid.Elements(KernelTable.Clip, x.Rows, x.Columns),
            KernelWork.Of(x, x),
            x, x.RowStride, x.Rows, x.Columns, least, most);

    public static void ApplyXielu(this CudaQueue queue, Tensor x, Xielu shape) =>
        queue.Launch(
            KernelTable.ApplyXielu,
            Grid.Elements(KernelTable.ApplyXielu, x.Rows, x.Columns),
            KernelWork.Of(x, x),
            x, x.RowStride, x.Rows, x.Columns, (float)shape.Positive, (float)shape.Negative, (float)shape.Linear, (float)shape.Limit);

    public static void SoftCap(this CudaQueue queue, Tensor x, float cap) =>
        queue.Launch(
            KernelTable.SoftCap,
            Grid.Elements(KernelTable.SoftCap, x.Rows, x.Columns),
            KernelWork.Of(x, x),
            x, x.RowStride, x.Rows, x.Columns, cap);

    public static void LeakyReluGradient(this CudaQueue queue, Tensor y, Tensor dy) =>
        queue.Launch(
            KernelTable.LeakyReluGradient,
            Grid.Elements(KernelTable.LeakyReluGradient, y.Rows, y.Columns),
            KernelWork.Of(y, dy, dy),
            y, y.RowStride, dy, dy.RowStride, y.Rows, y.Columns);

    public static void AddPairs(this CudaQueue queue, Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y) =>
        queue.Launch(
            KernelTable.AddPairs,
            Grid.Elements(KernelTable.AddPairs, y.Rows, y.Columns),
            KernelWork.Of(zx, a, zy, b, y),
            zx, zx.RowStride, a, a.RowStride, zy, zy.RowStride, b, b.RowStride, y, y.RowStride, y.Rows, y.Columns);
}
