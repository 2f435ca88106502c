using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>
/// Memory of the host with its copy on the GPU. What is sent travels on a stream of its own, beside the kernels: the queue of the ops
/// waits for it, and it waits for the last op that uses what was there before.
/// </summary>
internal sealed unsafe class CudaStaging : Staging
{
    private readonly CudaDevice _device;
    private readonly CudaBuffer _copy;
    private readonly CudaStream _copies;
    private readonly CudaEvent _sent, _used;

    public CudaStaging(CudaDevice device, long bytes)
        : base(new PinnedBuffer(device.Gpu.Context, new CudaBuffer(device.Gpu.Context, bytes)))
    {
        _device = device;
        _copy = ((PinnedBuffer)Memory).Copy;
        _copies = new(device.Gpu.Context);
        (_sent, _used) = (new(device.Gpu.Context), new(device.Gpu.Context));
    }

    public override void Begin()
    {
        _copies.Synchronize();
        _copies.Wait(_used);
    }

    public override void Send(long start, long bytes)
    {
        if (bytes == 0)
            return;
        var gpu = _device.Gpu;
        gpu.Context.Enter();
        gpu.Driver.Check(gpu.Driver.cuMemcpyHtoDAsync_v2(
            (ulong)(_copy.Address + start), (void*)(Memory.Address + start), (nuint)bytes, _copies.Handle));
    }

    public override void Enter()
    {
        _sent.Record(_copies);
        _device.Queue.Stream.Wait(_sent);
    }

    public override void Leave() => _used.Record(_device.Queue.Stream);

    public override Tensor View(long start, DType type, int rows, int columns) => Tensor.View(_copy, start, type, rows, columns);

    /// <summary>Freeing the GPU's memory waits for ops and copies.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _copy.Dispose();
            _copies.Dispose();
            _sent.Dispose();
            _used.Dispose();
        }

        base.Dispose(disposing);
    }
}
