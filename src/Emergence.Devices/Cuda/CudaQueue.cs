using Emergence.Devices.Cuda.Driver;

namespace Emergence.Devices.Cuda;

/// <summary>Work in order: a stream, and memory that its ops use one after the other.</summary>
internal sealed unsafe class CudaQueue(CudaContext context) : IDisposable
{
    private readonly Lock _lock = new();
    private CudaBuffer? _scratch;
    private bool _plans;

    public CudaStream Stream { get; } = new(context);

    public void Launch(CudaKernel kernel, Grid grid, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (!_plans)
            Stream.Launch(kernel, grid, arguments);
    }

    /// <summary>Queues a kernel whose first parameters are tensor maps, in clusters of blocks.</summary>
    public void Launch(CudaKernel kernel, Grid grid, int cluster, ReadOnlySpan<CudaTensorMap> maps, ReadOnlySpan<KernelArgument> arguments)
    {
        if (!_plans)
            Stream.Launch(kernel, grid, cluster, maps, arguments);
    }

    /// <summary>Queues zeros.</summary>
    public void Clear(ulong address, long bytes)
    {
        if (_plans)
            return;
        context.Enter();
        context.Driver.Check(context.Driver.cuMemsetD8Async(address, 0, (nuint)bytes, Stream.Handle));
    }

    /// <summary>Memory for one op at a time; other threads wait until the scope ends.</summary>
    public Lock.Scope Hold(long bytes, out CudaBuffer scratch)
    {
        var scope = _lock.EnterScope();
        try
        {
            if (_scratch == null || _scratch.ByteLength < bytes)
                Grow(bytes);
            scratch = _scratch!;
            return scope;
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Goes through the work without queueing it, for the memory that its ops hold and the kernels they load: recorded
    /// work keeps addresses, so both must be there before.
    /// </summary>
    public void Plan(Action work)
    {
        _plans = true;
        work();
        _plans = false;
    }

    public void Dispose()
    {
        Stream.Dispose();
        _scratch?.Dispose();
    }

    private void Grow(long bytes)
    {
        Stream.Synchronize(); // earlier ops may still work on it
        _scratch?.Dispose();
        _scratch = null;
        _scratch = new CudaBuffer(context, bytes);
    }
}
