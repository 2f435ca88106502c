using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Ilgpu.Kernels;
using ILGPU;

namespace Emergence.Ilgpu;

/// <summary>
/// A GPU or an OpenCL device, by kernels in C# that ILGPU compiles at run time: single precision, weights as they are stored, every
/// sum in an order that depends on its length alone. It needs neither a toolkit nor a C++ compiler.
/// </summary>
public sealed partial class IlgpuDevice : Device
{
    /// <summary>Bytes that ops hold for themselves at most, about, beside what waits along the paths of a recurrence.</summary>
    private const long ScratchBytes = 128L << 20;

    private readonly IlgpuMachine _machine;
    private readonly int? _number;

    internal IlgpuDevice(IlgpuMachine machine, int? number) => (_machine, _number) = (machine, number);

    public override string Name => _number == null ? IlgpuDevices.Name : FormattableString.Invariant($"{IlgpuDevices.Name}:{_number}");

    public override string Description => FormattableString.Invariant(
        $"{_machine.Hardware} by {_machine.Vendor}, {_machine.Backend}, {_machine.TotalBytes / 1e9:0.#} GB, driver {_machine.Driver}");

    public override string Path =>
        string.Join('/', new[] { IlgpuDevices.Name, _machine.Backend, _machine.Hardware, _machine.Driver }
            .Select(part => part.Replace(' ', '-').Replace('/', '-')));

    public override DeviceTraits Traits => new(_machine.IsProcessor ? DeviceScale.Host : DeviceScale.Gpu, DType.Float32);

    public override DType ComputeType => DType.Float32;

    public override long AvailableBytes => MemoryLimit is { } limit
        ? Math.Min(_machine.FreeBytes, Math.Max(0, limit - HeldBytes))
        : _machine.FreeBytes;

    public override long HeldBytes => _machine.AllocatedBytes;

    public override long ReservedBytes => ScratchBytes;

    public override string? DriverVersion => _machine.Driver;

    public override Tensor Allocate(DType type, int rows, int columns) =>
        new(_machine.Allocate((long)rows * columns * type.Size()), type, rows, columns);

    public override void Upload(ReadOnlySpan<byte> source, Tensor destination)
    {
        RequireBytes(source.Length, destination);
        if (!destination.IsDense)
        {
            throw new ArgumentException(
                $"expected a dense tensor, found {destination} with {destination.RowStride} elements from row to row");
        }

        _machine.Upload(source, View<byte>(destination));
    }

    public override void Download(Tensor source, Span<byte> destination)
    {
        RequireBytes(destination.Length, source);
        if (source.IsDense)
        {
            _machine.Download(View<byte>(source), destination);
            return;
        }

        // Rows are brought together on the device, some at a time.
        var width = source.Columns * source.Type.Size();
        var step = (int)Math.Max(1, ScratchBytes / 2 / Math.Max(1, width));
        for (var start = 0; start < source.Rows; start += step)
        {
            var part = source.RowRange(start, Math.Min(step, source.Rows - start));
            lock (_machine.Gate)
            {
                var dense = _machine.Scratch<ushort>((long)part.Rows * width / sizeof(ushort));
                CopyRows(part, default, dense, width / sizeof(ushort), part.Rows);
                _machine.Download(dense, MemoryMarshal.Cast<byte, ushort>(destination.Slice(start * width, part.Rows * width)));
            }
        }
    }

    public override void Synchronize() => _machine.Wait();

    private static void RequireBytes(long bytes, Tensor tensor)
    {
        if (bytes != tensor.Count * tensor.Type.Size())
            throw new ArgumentException($"expected {tensor.Count * tensor.Type.Size()} bytes for {tensor}, found {bytes}");
    }

    /// <summary>From the first element to the last, what lies between rows included.</summary>
    private static ArrayView<T> View<T>(Tensor tensor)
        where T : unmanaged
    {
        var elements = tensor.Count == 0 ? 0 : (tensor.Rows - 1L) * tensor.RowStride + tensor.Columns;
        return elements == 0
            ? ArrayView<T>.Empty
            : ((IlgpuBuffer)tensor.Buffer).Bytes.SubView(tensor.ByteOffset, elements * tensor.Type.Size()).Cast<T>();
    }

    private static Matrix MatrixOf(Tensor? tensor) =>
        tensor == null ? new(ArrayView<float>.Empty, 0) : new(View<float>(tensor), tensor.RowStride);

    private static Integers IntegersOf(Tensor? tensor) =>
        tensor == null ? new(ArrayView<int>.Empty, 0) : new(View<int>(tensor), tensor.RowStride);

    private static Stored StoredOf(Tensor? tensor) => tensor == null
        ? new(ArrayView<byte>.Empty, 0, Stored.Single)
        : new(View<byte>(tensor), tensor.RowStride, tensor.Type switch
        {
            DType.Float32 => Stored.Single,
            DType.BFloat16 => Stored.BFloat16,
            DType.Float16 => Stored.Float16,
            DType.Float64 => Stored.Double,
            _ => throw new ArgumentException($"expected a floating type, found {tensor}"),
        });
}
