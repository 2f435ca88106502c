using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Every check of the emulator is proven by a kernel that is wrong in just this way (native/emulator/tests/faults.cu).</summary>
[Collection("emulator tests")]
public sealed unsafe class EmulatorTests : IDisposable
{
    private const long DeviceBytes = 1L << 30;

    private readonly CudaDriver _driver = EmulatorFixture.Tests;
    private readonly CudaContext _context;
    private readonly CudaStream _stream;
    private readonly CudaKernels _kernels;

    public EmulatorTests()
    {
        EmulatorFixture.Memory(_driver, DeviceBytes);
        EmulatorFixture.Order(_driver, 0);
        _context = new CudaContext(_driver);
        _stream = new CudaStream(_context);
        _kernels = new CudaKernels(_context, new KernelImages(_context, null));
    }

    public void Dispose()
    {
        _stream.Dispose();
        _driver.Check(_driver.cuDevicePrimaryCtxReset_v2(0));
        _context.Dispose();
    }

    [Theory]
    [InlineData("divergent_barrier", 64, "different warp operations|deadlock")]
    [InlineData("dynamic_shared_overrun", 64, "write past the end of shared memory, 0 bytes behind it")]
    [InlineData("static_shared_overrun", 64, "write past the end of shared memory, 0 bytes behind it")]
    [InlineData("shuffle_outside_mask", 32, "not in the mask 0000ffff")]
    [InlineData("barrier_never_completes", 64, "hang: the threads only poll barriers")]
    public void A_fault_ends_the_context_and_is_named(string kernel, int threads, string expected)
    {
        using var output = new CudaBuffer(_context, 4 * 64);
        var row = new KernelRow(kernel, "faults", threads, SharedBytes: 4 * 64);
        _stream.Launch(_kernels[row], new Grid(1), output);
        var error = Assert.Throws<EmergenceException>(_stream.Synchronize);
        Assert.StartsWith($"CUDA_ERROR_LAUNCH_FAILED in cuStreamSynchronize: {kernel}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected.Split('|'), text => error.Message.Contains(text, StringComparison.Ordinal));
        Assert.Equal(ExitCode.TryAgain, error.ExitCode);
        Assert.Throws<EmergenceException>(() => new CudaBuffer(_context, 16));
    }

    [Fact]
    public void A_write_behind_an_allocation_is_found()
    {
        using var output = new CudaBuffer(_context, 4 * 100);
        _stream.Launch(Kernel("global_overrun", 64), new Grid(1), output, 100);
        var error = Assert.Throws<EmergenceException>(_stream.Synchronize);
        Assert.Contains("CUDA_ERROR_ILLEGAL_ADDRESS", error.Message, StringComparison.Ordinal);
        Assert.Contains("global_overrun: wrote 0 bytes behind an allocation of 400 bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shared_overread", 63)]
    [InlineData("unwritten_shared", 7)]
    public void A_read_of_what_was_not_written_is_nan(string kernel, int at)
    {
        var values = Run(Kernel(kernel, 64), 64);
        Assert.All(values.Index(), v => Assert.Equal(v.Index == at, float.IsNaN(v.Item)));
    }

    [Fact]
    public void Memory_is_nan_until_it_is_written()
    {
        using var input = new CudaBuffer(_context, 4 * 64);
        Assert.All(Run(Kernel("unwritten_global", 64), 64, input), v => Assert.True(float.IsNaN(v)));
        Assert.All(Run(Kernel("global_overread", 64), 64, 64), v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void A_copy_that_is_not_waited_for_has_not_arrived()
    {
        using var input = new CudaBuffer(_context, 4 * 256);
        _driver.Check(_driver.cuMemsetD8Async((ulong)input.Address, 0, 4 * 256, _stream.Handle));
        Assert.All(Run(Kernel("missing_copy_wait", 64), 64, input), v => Assert.True(float.IsNaN(v)));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void A_product_of_a_warpgroup_arrives_with_its_wait(int wait, bool arrives)
    {
        var row = new KernelRow("missing_product_wait", "faults", 128, SharedBytes: 64 * 64 * 2);
        Assert.All(Run(_kernels[row], 128, wait), v => Assert.Equal(arrives ? 64f : float.NaN, v));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void A_tensor_load_arrives_with_its_barrier(int wait, bool arrives)
    {
        const int Float32 = 7, Rows = 4, Columns = 32; // CU_TENSOR_MAP_DATA_TYPE_FLOAT32
        using CudaBuffer matrix = new(_context, 4 * Rows * Columns), output = new(_context, 4 * 32);
        _driver.Check(_driver.cuMemsetD8Async((ulong)matrix.Address, 0, 4 * Rows * Columns, _stream.Handle));
        var memory = stackalloc byte[192];
        var map = (byte*)(((nint)memory + 63) & ~63);
        ulong* size = stackalloc ulong[] { Columns, Rows }, stride = stackalloc ulong[] { 4 * Columns };
        uint* box = stackalloc uint[] { Columns, Rows }, step = stackalloc uint[] { 1, 1 };
        _driver.Check(_driver.cuTensorMapEncodeTiled(map, Float32, 2, (void*)matrix.Address, size, stride, box, step, 0, 0, 0, 0));
        var target = (ulong)output.Address;
        void** arguments = stackalloc void*[] { map, &target, &wait, null };
        var kernel = _kernels[new KernelRow("missing_load_wait", "faults", 32, SharedBytes: 4 * Rows * Columns)];
        _driver.Check(_driver.cuLaunchKernel(kernel.Function, 1, 1, 1, 32, 1, 1, 4 * Rows * Columns, _stream.Handle, arguments, null));
        var values = new float[32];
        fixed (float* to = values)
            _driver.Check(_driver.cuMemcpyDtoHAsync_v2(to, target, 4 * 32, _stream.Handle));
        Assert.All(values, v => Assert.Equal(arrives ? 0f : float.NaN, v));
    }

    [Fact]
    public void A_module_that_cannot_be_made_shows_the_drivers_log()
    {
        var error = Assert.Throws<EmergenceException>(() => _kernels[new KernelRow("gate", "no_such_file", 32)]);
        Assert.Equal("CUDA_ERROR_INVALID_PTX in cuModuleLoadDataEx: no_such_file: line 1: the emulator was built without this file", error.Message);
    }

    /// <summary>A race shows as a difference between thread orders: the reader meets its neighbour's value or none.</summary>
    [Fact]
    public void A_missing_barrier_shows_in_some_thread_order()
    {
        var seen = new List<float[]>();
        for (var order = 0; order < 3; order++)
        {
            EmulatorFixture.Order(_driver, order);
            seen.Add(Run(Kernel("missing_barrier", 64), 64));
        }

        Assert.Contains(seen, values => values.Any(float.IsNaN));
        Assert.NotEqual(seen[0], seen[1]);
    }

    [Fact]
    public void Random_order_repeats_with_its_seed()
    {
        EmulatorFixture.Order(_driver, 2, seed: 7);
        var first = Run(Kernel("missing_barrier", 64), 64);
        var again = Run(Kernel("missing_barrier", 64), 64);
        EmulatorFixture.Order(_driver, 2, seed: 8);
        var other = Run(Kernel("missing_barrier", 64), 64);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Running_out_of_memory_names_the_call_and_the_sizes()
    {
        using var most = new CudaBuffer(_context, DeviceBytes - 4_100_000);
        var error = Assert.Throws<EmergenceException>(() => new CudaBuffer(_context, 5_700_000_000));
        Assert.Equal("CUDA_ERROR_OUT_OF_MEMORY in cuMemAlloc: needs 5.7 GB, 4.1 MB free", error.Message);
        using var small = new CudaBuffer(_context, 1000);
    }

    [Fact]
    public void A_launch_that_does_not_fit_its_kernel_is_refused()
    {
        using var output = new CudaBuffer(_context, 4 * 64);
        var error = Assert.Throws<EmergenceException>(() => _stream.Launch(Kernel("global_overrun", 64), new Grid(1), output));
        Assert.Equal("CUDA_ERROR_INVALID_VALUE in cuLaunchKernel: global_overrun: takes 2 parameters, was given 1", error.Message);
        error = Assert.Throws<EmergenceException>(() => _kernels[new KernelRow("no_such_kernel", "faults", 32)]);
        Assert.StartsWith("CUDA_ERROR_NOT_FOUND in cuModuleGetFunction", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Work waits in its stream until something asks for it, so a host that reads too early sees the old bytes.</summary>
    [Fact]
    public void Streams_run_as_late_as_the_program_allows()
    {
        using var other = new CudaStream(_context);
        using var mark = new CudaEvent(_context);
        using var value = new CudaBuffer(_context, 4);
        _driver.Check(_driver.cuMemsetD8Async((ulong)value.Address, 1, 4, _stream.Handle));
        Assert.Equal(-1, Read(value, other));
        mark.Record(_stream);
        mark.Hold(other);
        Assert.Equal(0x01010101, Read(value, other));
    }

    [Fact]
    public void A_graph_repeats_what_was_captured()
    {
        using var x = new CudaBuffer(_context, 4 * 256);
        using var sums = new CudaBuffer(_context, 4);
        _driver.Check(_driver.cuMemsetD8Async((ulong)x.Address, 0, 4 * 256, _stream.Handle));
        var sum = _kernels[new KernelRow("probe_block_sum", "probe", 256)];
        using var graph = _stream.Capture(() => _stream.Launch(sum, new Grid(1), x, sums));
        Assert.Equal(-1, Read(sums, _stream));
        graph.Launch();
        Assert.Equal(0, Read(sums, _stream));
    }

    [Fact]
    public void Events_measure_time_in_a_stream()
    {
        using CudaEvent start = new(_context), end = new(_context);
        start.Record(_stream);
        end.Record(_stream);
        end.Synchronize();
        Assert.True(end.MillisecondsSince(start) >= 0);
    }

    private CudaKernel Kernel(string name, int threads) => _kernels[new KernelRow(name, "faults", threads)];

    private int Read(CudaBuffer buffer, CudaStream stream)
    {
        int value;
        _driver.Check(_driver.cuMemcpyDtoHAsync_v2(&value, (ulong)buffer.Address, 4, stream.Handle));
        stream.Synchronize();
        return value;
    }

    /// <summary>One block with an output of its own as first parameter, then the other one.</summary>
    private float[] Run(CudaKernel kernel, int outputs, KernelArgument? second = null)
    {
        using var output = new CudaBuffer(_context, 4 * outputs);
        if (second is { } argument)
            _stream.Launch(kernel, new Grid(1), output, argument);
        else
            _stream.Launch(kernel, new Grid(1), output);
        var values = new float[outputs];
        fixed (float* to = values)
            _driver.Check(_driver.cuMemcpyDtoHAsync_v2(to, (ulong)output.Address, (nuint)(4 * outputs), _stream.Handle));
        _stream.Synchronize();
        return values;
    }
}
