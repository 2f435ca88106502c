using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>A device whose memory is the host's.</summary>
public abstract unsafe class HostDevice : Device
{
    /// <summary>So much of a tensor in a file is touched before its pages are given up; a row touches a page at least.</summary>
    private const int RestAfterBytes = 1 << 24, Page = 1 << 12;

    /// <summary>Smaller tensors are not held against the limit: asking what the process holds takes longer than they are worth.</summary>
    private const long WeighedBytes = 1 << 20;

    public override long AvailableBytes
    {
        get
        {
            var free = HostMemory.AvailableBytes();
            return MemoryLimit is { } limit ? Math.Min(free, Math.Max(0, limit - HeldBytes)) : free;
        }
    }

    public override long HeldBytes => HostMemory.HeldBytes();

    public override Tensor Allocate(DType type, int rows, int columns)
    {
        var bytes = (long)rows * columns * type.Size();
        if (bytes >= WeighedBytes)
            RequireWithinLimit(bytes);
        return new(new HostBuffer(bytes), type, rows, columns);
    }

    public override Staging CreateStaging(long bytes) => new(new HostBuffer(bytes));

    public override void Upload(ReadOnlySpan<byte> source, Tensor destination)
    {
        RequireDense(destination);
        RequireLength(source.Length, destination);
        fixed (byte* from = source)
            System.Buffer.MemoryCopy(from, (void*)destination.Address, source.Length, source.Length);
        GC.KeepAlive(destination);
    }

    public override void Download(Tensor source, Span<byte> destination)
    {
        RequireLength(destination.Length, source);
        var width = source.Columns * source.Type.Size();
        var stride = (long)source.RowStride * source.Type.Size();
        for (var row = 0; row < source.Rows; row++)
            new ReadOnlySpan<byte>((byte*)source.Address + row * stride, width).CopyTo(destination.Slice((int)((long)row * width), width));
        GC.KeepAlive(source);
    }

    public override void Fill(Tensor destination, ReadBytes source)
    {
        RequireDense(destination);
        const int Piece = 1 << 30;
        var total = destination.Count * destination.Type.Size();
        for (long start = 0; start < total; start += Piece)
            source(start, new Span<byte>((byte*)destination.Address + start, (int)Math.Min(Piece, total - start)));
        GC.KeepAlive(destination);
    }

    protected override void GatherRowsCore(Tensor source, Tensor rows, Tensor destination)
    {
        var size = source.Type.Size();
        var bytes = source.Columns * size;
        var index = (int*)rows.Address;
        var between = Math.Max(1, RestAfterBytes / Math.Max(1, Math.Max(bytes, Page)));
        for (var n = 0; n < destination.Rows; n++)
        {
            if (n % between == between - 1)
                Rest(source);
            var from = (byte*)source.Address + (long)index[(long)n * rows.RowStride] * source.RowStride * size;
            System.Buffer.MemoryCopy(from, (byte*)destination.Address + (long)n * destination.RowStride * size, bytes, bytes);
        }

        Rest(source);
        GC.KeepAlive((source, rows, destination));
    }

    /// <summary>A tensor like any other, whose bytes lie in a new file; zero at the start.</summary>
    public static Tensor AllocateMapped(string path, DType type, int rows, int columns) =>
        new(MappedBuffer.Create(path, (long)rows * columns * type.Size()), type, rows, columns);

    /// <summary>Gives up the memory of a tensor whose bytes lie in a file, until they are touched again.</summary>
    public static void Rest(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        (tensor.Buffer as MappedBuffer)?.Rest();
    }

    /// <summary>What nobody refers to any longer counts as held until it is collected.</summary>
    private void RequireWithinLimit(long bytes)
    {
        if (MemoryLimit is not { } limit || bytes <= limit - HeldBytes)
            return;
        HostMemory.Collect();
        var held = HeldBytes;
        if (bytes > limit - held)
            throw new EmergenceException(
                $"out of host memory: needs {bytes:N0} more bytes, {held:N0} of the {limit:N0} that the run may take are held")
            {
                IsOutOfMemory = true,
            };
    }

    private static void RequireDense(Tensor tensor)
    {
        if (!tensor.IsDense)
            throw new ArgumentException($"expected a dense tensor, found {tensor} with {tensor.RowStride} elements from row to row");
    }

    private static void RequireLength(long bytes, Tensor tensor)
    {
        if (bytes != tensor.Count * tensor.Type.Size())
            throw new ArgumentException($"expected {tensor.Count * tensor.Type.Size()} bytes for {tensor}, found {bytes}");
    }
}
