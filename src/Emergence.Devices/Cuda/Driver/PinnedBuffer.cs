using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>Memory of the host that a GPU's copy engine reads by itself, beside work of the host and of kernels.</summary>
internal sealed unsafe class PinnedBuffer : HostBuffer
{
    private readonly CudaContext _context;

    /// <param name="context">Of the GPU.</param>
    /// <param name="copy">Memory of the GPU that is as large, where the bytes are sent.</param>
    public PinnedBuffer(CudaContext context, CudaBuffer copy)
        : base(Allocate(context, copy.ByteLength), copy.ByteLength)
    {
        (_context, Copy) = (context, copy);
        var held = false;
        context.DangerousAddRef(ref held);
    }

    public CudaBuffer Copy { get; }

    protected override bool ReleaseHandle()
    {
        _context.FreePinned((void*)handle);
        _context.DangerousRelease();
        return true;
    }

    private static nint Allocate(CudaContext context, long bytes)
    {
        context.Enter();
        void* memory;
        var result = context.Driver.cuMemHostAlloc(&memory, (nuint)Math.Max(1, bytes), 0);
        if (CudaDriver.IsOutOfMemory(result))
            throw context.Driver.Failure(
                result, nameof(context.Driver.cuMemHostAlloc), $"needs {CudaContext.Size(bytes)} of the host that cannot be swapped");
        context.Driver.Check(result, nameof(context.Driver.cuMemHostAlloc));
        return (nint)memory;
    }
}
