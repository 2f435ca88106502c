using ILGPU;
using ILGPU.Runtime;

namespace Emergence.Ilgpu;

/// <summary>
/// Memory of a machine. OpenCL's memory has a handle and no address, so that an address here is a number of our own, which only
/// says where buffers lie within each other. One that nobody disposes is freed by ILGPU, which also knows the views of it.
/// </summary>
internal sealed class IlgpuBuffer : Devices.Tensors.Buffer
{
    private const long Alignment = 256;

    private static long s_end = Alignment;

    private readonly IlgpuMachine _machine;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _memory;

    public IlgpuBuffer(IlgpuMachine machine, MemoryBuffer1D<byte, Stride1D.Dense> memory, long byteLength)
        : base((nint)NextAddress(byteLength), byteLength) => (_machine, _memory) = (machine, memory);

    public ArrayView<byte> Bytes => _memory.View.BaseView;

    protected override void Dispose(bool disposing)
    {
        if (disposing && !IsClosed)
            _machine.Free(_memory);
        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle() => true;

    private static long NextAddress(long byteLength)
    {
        var size = (Math.Max(1, byteLength) + Alignment - 1) / Alignment * Alignment;
        return Interlocked.Add(ref s_end, size) - size;
    }
}
