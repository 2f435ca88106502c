using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda;

/// <summary>
/// Work in order, and memory that its ops use one after the other. The ops of Ops/ launch into it, and the same calls do one of
/// three things: they run; they are recorded, to be played again (<see cref="Capture"/>); or they are gone through without a
/// launch (<see cref="Plan"/>), which is all that the queue of a planned device does.
/// </summary>
internal sealed unsafe class CudaQueue : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CudaStream? _stream;
    private Buffer? _scratch;
    private Mode _mode;

    public CudaQueue(CudaGpu gpu)
    {
        Gpu = gpu;
        if (gpu.Plan == null)
            _stream = new CudaStream(gpu.Context);
        _mode = gpu.Plan == null ? Mode.Run : Mode.Plan;
    }

    private enum Mode
    {
        Run,
        Capture,
        Plan,
    }

    public CudaGpu Gpu { get; }

    public CudaStream Stream => _stream ?? throw new InvalidOperationException("a plan has no stream");

    /// <summary>Launches a kernel; a grid with nothing to do is left out.</summary>
    /// <param name="kernel">What runs.</param>
    /// <param name="grid">Blocks of the launch.</param>
    /// <param name="work">What it has to do with these arguments.</param>
    /// <param name="arguments">Parameters, as the kernel declares them.</param>
    public void Launch(KernelRow kernel, Grid grid, KernelWork work, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(kernel, grid, 0, [], work, arguments);

    /// <summary>Launches a kernel whose first parameters are tensor maps, in clusters of blocks.</summary>
    public void Launch(
        KernelRow kernel, Grid grid, int cluster, ReadOnlySpan<CudaTensorMap> maps, KernelWork work, ReadOnlySpan<KernelArgument> arguments)
    {
        if (grid.IsEmpty)
            return;
        if (Gpu.Plan is { } plan)
        {
            plan.Add(new(kernel.Name, work));
            return;
        }

        var loaded = Gpu.Kernels[kernel];
        if (_mode == Mode.Plan)
            return;
        var end = Gpu.Trace?.Begin(kernel, Stream);
        if (maps.IsEmpty)
            Stream.Launch(loaded, grid, arguments);
        else
            Stream.Launch(loaded, grid, cluster, maps, arguments);
        end?.Record(Stream);
    }

    /// <summary>How the copy engine sees a tensor, for <see cref="CudaTensorMap.Of"/>.</summary>
    public CudaTensorMap Map(Tensor matrix, int rows, int matrices, int columns = 64) =>
        Gpu.Plan != null ? default : CudaTensorMap.Of(Gpu.Driver, matrix, rows, matrices, columns);

    /// <summary>Zeros.</summary>
    public void Clear(ulong address, long bytes)
    {
        if (_mode == Mode.Plan)
            return;
        Gpu.Context.Enter();
        Gpu.Driver.Check(Gpu.Driver.cuMemsetD8Async(address, 0, (nuint)bytes, Stream.Handle));
    }

    /// <summary>Copies from the host, whose memory stays as it is until the queue has come there.</summary>
    public void Upload(void* source, ulong address, long bytes)
    {
        if (_mode == Mode.Plan)
            return;
        Gpu.Context.Enter();
        Gpu.Driver.Check(Gpu.Driver.cuMemcpyHtoDAsync_v2(address, source, (nuint)bytes, Stream.Handle));
    }

    /// <summary>Copies to the host and waits until it is there.</summary>
    public void Download(ulong address, void* destination, long bytes)
    {
        if (_mode == Mode.Plan)
            return;
        Gpu.Context.Enter();
        Gpu.Driver.Check(Gpu.Driver.cuMemcpyDtoHAsync_v2(destination, address, (nuint)bytes, Stream.Handle));
        Stream.Synchronize();
    }

    /// <summary>Waits until all is done.</summary>
    public void Synchronize()
    {
        if (_mode != Mode.Plan)
            Stream.Synchronize();
    }

    /// <summary>Memory for one op at a time; other threads wait until the scope ends.</summary>
    public Lock.Scope Scratch(long bytes, out Buffer scratch)
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
    /// Goes through the work without launching it, for the memory that its ops hold and the kernels they load: recorded work
    /// keeps addresses, so both must be there before.
    /// </summary>
    public void Plan(Action work)
    {
        var before = _mode;
        _mode = Mode.Plan;
        try
        {
            work();
        }
        finally
        {
            _mode = before;
        }
    }

    /// <summary>Records what <paramref name="work"/> launches, without running it; null in a plan, which plays nothing.</summary>
    public CudaGraph? Capture(Action work)
    {
        if (_mode == Mode.Plan)
            return null;
        _mode = Mode.Capture;
        try
        {
            return Stream.Capture(work);
        }
        finally
        {
            _mode = Mode.Run;
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _scratch?.Dispose();
    }

    private void Grow(long bytes)
    {
        if (_mode == Mode.Capture)
            throw new InvalidOperationException($"an op wants {bytes} bytes that it did not want when its step was planned");
        if (_scratch != null && Gpu.Plan == null)
            Stream.Synchronize(); // earlier ops may still work on it
        _scratch?.Dispose();
        _scratch = null;
        _scratch = Gpu.Allocate(bytes);
    }
}
