using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>Memory, and the way into it and out of it. In a plan it is counted, and of what goes in only integers are kept.</content>
public sealed unsafe partial class CudaDevice
{
    /// <summary>Trainings leave one part in so many of the device's memory free.</summary>
    private const int ReservedShare = 8;

    /// <summary>The limit is of what is allocated on the GPU, by whomever.</summary>
    public override long AvailableBytes => Gpu.Plan != null ? long.MaxValue
        : MemoryLimit is { } limit ? Math.Clamp(limit - HeldBytes, 0, Gpu.Context.FreeBytes)
        : Gpu.Context.FreeBytes;

    public override long HeldBytes => Gpu.Plan != null ? 0 : Gpu.Context.TotalBytes - Gpu.Context.FreeBytes;

    public override long ReservedBytes => Gpu.Plan == null ? Gpu.Context.TotalBytes / ReservedShare : 0;

    public override Tensor Allocate(DType type, int rows, int columns)
    {
        var buffer = Gpu.Allocate((long)rows * columns * type.Size());
        if (buffer.ByteLength > 0)
            Queue.Clear((ulong)buffer.Address, buffer.ByteLength);
        return new Tensor(buffer, type, rows, columns);
    }

    public override Staging CreateStaging(long bytes) => Gpu.Plan != null ? base.CreateStaging(bytes) : new CudaStaging(this, bytes);

    public override void Upload(ReadOnlySpan<byte> source, Tensor destination)
    {
        RequireBytes(source.Length, destination);
        if (!destination.IsDense)
        {
            throw new ArgumentException(
                $"expected a dense tensor, found {destination} with {destination.RowStride} elements from row to row");
        }

        if (Gpu.Plan != null)
        {
            DevicePlan.CountedBuffer.Upload(source, destination);
            return;
        }

        if (source.Length == 0)
            return;
        fixed (byte* from = source)
            Queue.Upload(from, (ulong)destination.Address, source.Length);
        Queue.Synchronize();
    }

    public override void Download(Tensor source, Span<byte> destination)
    {
        RequireBytes(destination.Length, source);
        if (Gpu.Plan != null)
        {
            DevicePlan.CountedBuffer.Download(source, destination);
            return;
        }

        if (destination.Length == 0)
            return;
        fixed (byte* to = destination)
        {
            if (source.IsDense)
                Queue.Download((ulong)source.Address, to, destination.Length);
            else
                DownloadRows(source, to);
        }
    }

    private void DownloadRows(Tensor source, void* destination)
    {
        var width = source.Columns * source.Type.Size();
        var copy = new CudaCopy2D
        {
            SourceType = CudaCopy2D.Device,
            SourceDevice = (ulong)source.Address,
            SourcePitch = (nuint)(source.RowStride * source.Type.Size()),
            TargetType = CudaCopy2D.Host,
            TargetHost = (nint)destination,
            TargetPitch = (nuint)width,
            Width = (nuint)width,
            Height = (nuint)source.Rows,
        };
        Gpu.Context.Enter();
        Gpu.Driver.Check(Gpu.Driver.cuMemcpy2DAsync_v2(&copy, Queue.Stream.Handle));
        Queue.Synchronize();
    }

    private static void RequireBytes(long bytes, Tensor tensor)
    {
        if (bytes != tensor.Count * tensor.Type.Size())
            throw new ArgumentException($"expected {tensor.Count * tensor.Type.Size()} bytes for {tensor}, found {bytes}");
    }
}
