using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>
/// After a reset nothing that was queued before may run: its device memory is freed, and the array that a copy to the host
/// was to fill may have been moved by the garbage collector, so that the copy would go into other objects.
/// </summary>
[Collection("emulator tests")]
public sealed unsafe class EmulatorResetTests : IDisposable
{
    private const int Bytes = 4096;
    private const byte Canary = 0x5a;

    private readonly CudaDriver _driver = EmulatorFixture.Tests;
    private readonly CudaContext _context;
    private readonly CudaStream _stream;
    private readonly CudaKernels _kernels;

    /// <summary>Pinned only so that a copy that comes too late breaks this test and nothing else.</summary>
    private readonly byte[] _canary = GC.AllocateArray<byte>(Bytes, pinned: true);
    private readonly ulong _memory;

    public EmulatorResetTests()
    {
        EmulatorFixture.Memory(_driver, 1L << 30);
        _context = new CudaContext(_driver);
        _stream = new CudaStream(_context);
        _kernels = new CudaKernels(_context, new KernelImages(_context, null));
        Array.Fill(_canary, Canary);
        ulong memory;
        _driver.Check(_driver.cuMemAlloc_v2(&memory, Bytes));
        _memory = memory;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _driver.Check(_driver.cuDevicePrimaryCtxReset_v2(0));
        _context.Dispose();
    }

    [Fact]
    public void A_copy_behind_a_fault_is_never_made()
    {
        _stream.Launch(_kernels[new KernelRow("static_shared_overrun", "faults", 64, SharedBytes: 4 * 64)], new Grid(1), _memory);
        Assert.NotEqual(0, CopyToCanary());

        Reset();

        Assert.Equal(0, _driver.cuStreamSynchronize(_stream.Handle));
        Assert.All(_canary, value => Assert.Equal(Canary, value));
    }

    [Fact]
    public void Work_that_waits_in_another_stream_is_never_done()
    {
        using var other = new CudaStream(_context);
        void* pinned;
        _driver.Check(((delegate* unmanaged<void**, nuint, uint, int>)_driver.EmulatorEntry("cuMemHostAlloc"))(&pinned, Bytes, 0));
        new Span<byte>(pinned, Bytes).Fill(Canary);
        var source = new byte[Bytes];
        fixed (byte* from = source)
            _driver.Check(_driver.cuMemcpyHtoDAsync_v2(_memory, from, Bytes, other.Handle));
        _driver.Check(_driver.cuMemcpyDtoHAsync_v2(pinned, _memory, Bytes, other.Handle));

        Reset();

        Assert.Equal(0, _driver.cuStreamSynchronize(other.Handle));
        Assert.Equal(-1, new ReadOnlySpan<byte>(pinned, Bytes).IndexOfAnyExcept(Canary));
        _driver.Check(((delegate* unmanaged<void*, int>)_driver.EmulatorEntry("cuMemFreeHost"))(pinned));
    }

    [Fact]
    public void Graphs_of_before_cannot_be_launched()
    {
        using var graph = _stream.Capture(() => _driver.Check(CopyToCanary()));

        Reset();

        Assert.StartsWith("CUDA_ERROR_INVALID_HANDLE", Assert.Throws<EmergenceException>(graph.Launch).Message, StringComparison.Ordinal);
        _stream.Synchronize();
        Assert.All(_canary, value => Assert.Equal(Canary, value));
    }

    [Fact]
    public void A_capture_ends()
    {
        const int Relaxed = 2;
        _driver.Check(_driver.cuStreamBeginCapture_v2(_stream.Handle, Relaxed));
        _driver.Check(CopyToCanary());

        Reset();

        nint graph;
        Assert.NotEqual(0, _driver.cuStreamEndCapture(_stream.Handle, &graph));
        _stream.Synchronize();
        Assert.All(_canary, value => Assert.Equal(Canary, value));
    }

    private int CopyToCanary()
    {
        fixed (byte* to = _canary)
            return _driver.cuMemcpyDtoHAsync_v2(to, _memory, Bytes, _stream.Handle);
    }

    private void Reset() => _driver.Check(_driver.cuDevicePrimaryCtxReset_v2(0));
}
