using System.Runtime.InteropServices;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>
/// Writes the bytes of a tensor from <paramref name="byteOffset"/> on into <paramref name="destination"/>; both are whole
/// elements.
/// </summary>
public delegate void ReadBytes(long byteOffset, Span<byte> destination);

/// <summary>
/// A machine that computes: one op per mathematical step. An abstract member is what a port must write; a virtual one
/// has a composed default that a port may fuse. Arguments are checked here, once; the <c>...Core</c> members assume.
/// Matrices are row-major (rows, columns); N is the number of token rows, d the width of the model.
/// Results are the same bytes for any number of rows in a call and any number of threads.
/// </summary>
public abstract partial class Device : IDisposable
{
    /// <summary>The word the command line uses, e.g. "cpu".</summary>
    public abstract string Name { get; }

    /// <summary>What the user is told: hardware, instruction path, threads.</summary>
    public abstract string Description { get; }

    /// <summary>Arithmetic path that decides about the last bits; part of a result's identity, e.g. "cpu/fma32".</summary>
    public abstract string Path { get; }

    /// <summary>The device's scale, and what operands are rounded to.</summary>
    public abstract DeviceTraits Traits { get; }

    /// <summary>Type of activations, critic parameters and gradients: Float64 on the reference device, else Float32.</summary>
    public abstract DType ComputeType { get; }

    /// <summary>Bytes that can still be allocated, by what is free and by <see cref="MemoryLimit"/>.</summary>
    public abstract long AvailableBytes { get; }

    /// <summary>Bytes that the run may take of the device's memory, on the host with all else that the process holds; null: what is
    /// free.</summary>
    public long? MemoryLimit { get; internal set; }

    /// <summary>What counts against a limit already.</summary>
    public virtual long HeldBytes => 0;

    /// <summary>What trainings leave of <see cref="AvailableBytes"/> to the ops beside them.</summary>
    public virtual long ReservedBytes => 0;

    /// <summary>
    /// A device like this one on which nothing is computed: what work would take is counted there. The default counts what is
    /// allocated; a device whose ops take memory for themselves, or launch kernels, counts these too.
    /// </summary>
    public virtual DevicePlan Plan() => new(plan => new CountingDevice(this, plan));

    /// <summary>Calls body(0) .. body(count - 1), each once: work of the host, on as many of its threads as the device may take.</summary>
    public virtual void ShareOnHost(int count, Action<int> body) => Parallel.For(0, count, body);

    /// <summary>A new dense tensor; zero at the start.</summary>
    public abstract Tensor Allocate(DType type, int rows, int columns);

    /// <summary>A new dense (rows, columns) of <see cref="ComputeType"/>.</summary>
    public Tensor Allocate(int rows, int columns) => Allocate(ComputeType, rows, columns);

    /// <summary>A new (n, 1) tensor of 32-bit integers.</summary>
    public Tensor AllocateIndices(ReadOnlySpan<int> values)
    {
        var indices = Allocate(DType.Int32, values.Length, 1);
        Upload(MemoryMarshal.AsBytes(values), indices);
        return indices;
    }

    /// <summary>Copies bytes of the destination's type into a dense destination.</summary>
    public abstract void Upload(ReadOnlySpan<byte> source, Tensor destination);

    /// <summary>Copies a tensor (any row stride) into dense bytes of its type, after all earlier work on it.</summary>
    public abstract void Download(Tensor source, Span<byte> destination);

    /// <summary>Fills a dense destination from a reader; a device that shares memory with the host lets it write in place.</summary>
    public virtual void Fill(Tensor destination, ReadBytes source)
    {
        const int StagingBytes = 1 << 26;
        var width = destination.Columns * destination.Type.Size();
        var rows = Math.Max(1, StagingBytes / Math.Max(1, width));
        var staging = new byte[(long)Math.Min(rows, destination.Rows) * width];
        for (var start = 0; start < destination.Rows; start += rows)
        {
            var count = Math.Min(rows, destination.Rows - start);
            var part = staging.AsSpan(0, count * width);
            source((long)start * width, part);
            Upload(part, destination.RowRange(start, count));
        }
    }

    /// <summary>Memory through which large parts of a file reach the device while it computes, aligned to 64 bytes; a device with
    /// a way for copies beside its ops takes that.</summary>
    public virtual Staging CreateStaging(long bytes) => new CopiedStaging(this, bytes);

    /// <summary>Uploads values, converted to the destination's type (Float32 or Float64).</summary>
    public void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
        if (destination.Type == DType.Float32)
        {
            Upload(MemoryMarshal.AsBytes(source), destination);
            return;
        }

        var wide = new double[source.Length];
        for (var i = 0; i < wide.Length; i++)
            wide[i] = source[i];
        Upload((ReadOnlySpan<double>)wide, destination);
    }

    /// <summary>Uploads values, converted to the destination's type (Float32 or Float64).</summary>
    public void Upload(ReadOnlySpan<double> source, Tensor destination)
    {
        if (destination.Type == DType.Float64)
        {
            Upload(MemoryMarshal.AsBytes(source), destination);
            return;
        }

        var narrow = new float[source.Length];
        for (var i = 0; i < narrow.Length; i++)
            narrow[i] = (float)source[i];
        Upload((ReadOnlySpan<float>)narrow, destination);
    }

    /// <summary>Downloads a Float32 or Float64 tensor, rounded to single precision.</summary>
    public void Download(Tensor source, Span<float> destination)
    {
        if (source.Type == DType.Float32)
        {
            Download(source, MemoryMarshal.AsBytes(destination));
            return;
        }

        var wide = new double[destination.Length];
        Download(source, MemoryMarshal.AsBytes(wide.AsSpan()));
        for (var i = 0; i < wide.Length; i++)
            destination[i] = (float)wide[i];
    }

    /// <summary>Downloads a Float32 or Float64 tensor.</summary>
    public void Download(Tensor source, Span<double> destination)
    {
        if (source.Type == DType.Float64)
        {
            Download(source, MemoryMarshal.AsBytes(destination));
            return;
        }

        var narrow = new float[destination.Length];
        Download(source, MemoryMarshal.AsBytes(narrow.AsSpan()));
        for (var i = 0; i < narrow.Length; i++)
            destination[i] = narrow[i];
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    private static void Require(bool condition, string op, string expected, params ReadOnlySpan<Tensor?> found)
    {
        if (!condition)
            throw new ArgumentException(
                $"{op}: expected {expected}, found {string.Join(", ", found.ToArray().Select(t => t?.ToString() ?? "none"))}");
    }
}
