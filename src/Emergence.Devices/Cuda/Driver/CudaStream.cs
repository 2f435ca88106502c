using System.Runtime.InteropServices;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>A queue of work in order, and what is launched into it.</summary>
internal sealed unsafe class CudaStream : SafeHandle
{
    private const uint NonBlocking = 1;
    private const int RelaxedCapture = 2;

    public CudaStream(CudaContext context)
        : base(0, ownsHandle: true)
    {
        Context = context;
        context.Enter();
        nint stream;
        Driver.Check(Driver.cuStreamCreate(&stream, NonBlocking));
        SetHandle(stream);
    }

    public CudaContext Context { get; }

    public nint Handle => handle;

    public override bool IsInvalid => handle == 0;

    private CudaDriver Driver => Context.Driver;

    /// <summary>Queues one kernel. Parameters are copied at the call.</summary>
    public void Launch(CudaKernel kernel, Grid grid, params ReadOnlySpan<KernelArgument> arguments)
    {
        Context.Enter();
        var pointers = stackalloc void*[arguments.Length + 1];
        fixed (KernelArgument* values = arguments)
        {
            for (var i = 0; i < arguments.Length; i++)
                pointers[i] = values + i;
            pointers[arguments.Length] = null; // the emulator counts what it is given
            var row = kernel.Row;
            var result = Driver.cuLaunchKernel(
                kernel.Function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)row.Threads, 1, 1, (uint)row.SharedBytes, handle, pointers,
                null);
            if (result != 0)
                throw Driver.Failure(result, $"{nameof(Driver.cuLaunchKernel)}({row.Name})");
        }
    }

    /// <summary>Queues a kernel whose first parameters are tensor maps, in clusters of blocks that share their loads.</summary>
    public void Launch(CudaKernel kernel, Grid grid, int cluster, ReadOnlySpan<CudaTensorMap> maps, ReadOnlySpan<KernelArgument> arguments)
    {
        Context.Enter();
        var row = kernel.Row;
        var attribute = new ClusterAttribute { Kind = ClusterAttribute.Dimension, X = (uint)cluster, Y = 1, Z = 1 };
        var configuration = new LaunchConfiguration
        {
            GridX = (uint)grid.X,
            GridY = (uint)grid.Y,
            GridZ = (uint)grid.Z,
            BlockX = (uint)row.Threads,
            BlockY = 1,
            BlockZ = 1,
            SharedBytes = (uint)row.SharedBytes,
            Stream = handle,
            Attributes = &attribute,
            AttributeCount = 1,
        };
        var pointers = stackalloc void*[maps.Length + arguments.Length + 1];
        fixed (CudaTensorMap* firstMap = maps)
        fixed (KernelArgument* values = arguments)
        {
            for (var i = 0; i < maps.Length; i++)
                pointers[i] = firstMap + i;
            for (var i = 0; i < arguments.Length; i++)
                pointers[maps.Length + i] = values + i;
            pointers[maps.Length + arguments.Length] = null;
            var result = Driver.cuLaunchKernelEx(&configuration, kernel.Function, pointers, null);
            if (result != 0)
                throw Driver.Failure(result, $"{nameof(Driver.cuLaunchKernelEx)}({row.Name})");
        }
    }

    public void Synchronize()
    {
        Context.Enter();
        Driver.Check(Driver.cuStreamSynchronize(handle));
    }

    /// <summary>What is queued from now on runs after what was queued elsewhere before the event was recorded; never recorded, it is past.
    /// </summary>
    public void Wait(CudaEvent point)
    {
        Context.Enter();
        Driver.Check(Driver.cuStreamWaitEvent(handle, point.Handle, 0));
    }

    /// <summary>Records what <paramref name="work"/> queues, without running it.</summary>
    public CudaGraph Capture(Action work)
    {
        Context.Enter();
        Driver.Check(Driver.cuStreamBeginCapture_v2(handle, RelaxedCapture));
        nint graph;
        try
        {
            work();
        }
        finally
        {
            Driver.Check(Driver.cuStreamEndCapture(handle, &graph));
        }

        return new CudaGraph(this, graph);
    }

    protected override bool ReleaseHandle() => Driver.cuStreamDestroy_v2(handle) == 0;

    /// <summary>CUlaunchConfig.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct LaunchConfiguration
    {
        public uint GridX, GridY, GridZ, BlockX, BlockY, BlockZ, SharedBytes;
        public nint Stream;
        public ClusterAttribute* Attributes;
        public uint AttributeCount;
    }

    /// <summary>CUlaunchAttribute with a cluster's dimensions; the value takes 64 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 72)]
    private struct ClusterAttribute
    {
        public const int Dimension = 4;

        public int Kind;
        private readonly int _padding;
        public uint X, Y, Z;
    }
}

/// <summary>Recorded work that one call queues again.</summary>
internal sealed unsafe class CudaGraph : SafeHandle
{
    private readonly CudaStream _stream;

    internal CudaGraph(CudaStream stream, nint graph)
        : base(0, ownsHandle: true)
    {
        _stream = stream;
        nint executable;
        var result = Driver.cuGraphInstantiateWithFlags(&executable, graph, 0);
        _ = Driver.cuGraphDestroy(graph);
        Driver.Check(result, nameof(Driver.cuGraphInstantiateWithFlags));
        SetHandle(executable);
    }

    public override bool IsInvalid => handle == 0;

    private CudaDriver Driver => _stream.Context.Driver;

    public void Launch()
    {
        _stream.Context.Enter();
        Driver.Check(Driver.cuGraphLaunch(handle, _stream.Handle));
    }

    protected override bool ReleaseHandle() => Driver.cuGraphExecDestroy(handle) == 0;
}

/// <summary>A point in a stream: to wait for, or to take times between.</summary>
internal sealed unsafe class CudaEvent : SafeHandle
{
    private readonly CudaDriver _driver;

    public CudaEvent(CudaContext context)
        : base(0, ownsHandle: true)
    {
        _driver = context.Driver;
        context.Enter();
        nint created;
        _driver.Check(_driver.cuEventCreate(&created, 0));
        SetHandle(created);
    }

    public nint Handle => handle;

    public override bool IsInvalid => handle == 0;

    public void Record(CudaStream stream) => _driver.Check(_driver.cuEventRecord(handle, stream.Handle));

    public void Synchronize() => _driver.Check(_driver.cuEventSynchronize(handle));

    public double MillisecondsSince(CudaEvent start)
    {
        float milliseconds;
        _driver.Check(_driver.cuEventElapsedTime(&milliseconds, start.handle, handle));
        return milliseconds;
    }

    protected override bool ReleaseHandle() => _driver.cuEventDestroy_v2(handle) == 0;
}
