using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>Memory of a GPU.</summary>
internal sealed class CudaBuffer : Buffer
{
    private readonly CudaContext _context;

    public CudaBuffer(CudaContext context, long byteLength)
        : base((nint)context.Allocate(Math.Max(1, byteLength)), byteLength)
    {
        _context = context;
        var held = false;
        context.DangerousAddRef(ref held);
    }

    protected override bool ReleaseHandle()
    {
        _context.Free((ulong)handle);
        _context.DangerousRelease();
        return true;
    }
}
