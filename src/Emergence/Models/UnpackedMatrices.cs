using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// Device memory in which packed matrices, or rows of them, lie unpacked while rows pass their block. Where one more finds no room,
/// those that came last make it: all tiles of rows pass the matrices of a block in the same order, so that the first ones stay and the
/// others take turns.
/// </summary>
internal sealed class UnpackedMatrices : IDisposable
{
    /// <summary>Elements: a matrix begins at their multiples.</summary>
    private const int Alignment = 32;

    private readonly Device _device;
    private readonly WeightFiles _files;
    private readonly long _elements;
    private readonly Dictionary<PackedRows, Tensor> _held = [];
    private readonly Stack<(PackedRows Rows, long Start)> _order = [];
    private long _end;
    private Tensor? _memory;
    private StoredMatrix? _passing;

    /// <param name="device">Holds it.</param>
    /// <param name="files">Where matrices come from.</param>
    /// <param name="bytes">Of single precision; at least the largest matrix has room, and it alone where the device has no more.</param>
    public UnpackedMatrices(Device device, WeightFiles files, long bytes = 0) =>
        (_device, _files, _elements) = (device, files, Math.Max(files.LargestPacked, bytes / sizeof(float)));

    /// <summary>Bytes of single precision that a matrix of so many elements takes.</summary>
    public static long BytesFor(long elements) => sizeof(float) * Ceiling.Multiple(elements, Alignment);

    /// <summary>Unpacks the rows unless they are there already. A matrix that is not loaded is read.</summary>
    public Tensor Hold(PackedRows rows)
    {
        if (_held.TryGetValue(rows, out var tensor))
            return tensor;
        _memory ??= Allocate();
        var elements = Ceiling.Multiple((long)rows.Count * rows.Matrix.Columns, Alignment);
        while (_end + elements > _memory.Count && _order.TryPop(out var last))
        {
            _held.Remove(last.Rows);
            _end = last.Start;
        }

        if (!rows.Matrix.IsLoaded)
            Read(rows);
        tensor = Tensor.View(_memory.Buffer, _end * _memory.Type.Size(), _memory.Type, rows.Count, rows.Matrix.Columns);
        rows.Unpack(_device, tensor);
        _held.Add(rows, tensor);
        _order.Push((rows, _end));
        _end += elements;
        return tensor;
    }

    /// <summary>Another block comes: no matrix of the one before is used any more.</summary>
    public void Leave()
    {
        _held.Clear();
        _order.Clear();
        _end = 0;
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _passing?.Dispose();
    }

    private void Read(PackedRows rows)
    {
        if (!rows.Stays)
        {
            _passing?.Dispose();
            _passing = rows.Matrix;
        }

        rows.Matrix.Load(_files.AllowNonFinite, once: rows.Stays);
    }

    private Tensor Allocate()
    {
        try
        {
            return Allocate(_elements);
        }
        catch (EmergenceException error) when (error.IsOutOfMemory && _elements > _files.LargestPacked)
        {
            return Allocate(_files.LargestPacked);
        }
    }

    private Tensor Allocate(long elements)
    {
        const int Columns = 1 << 10;
        return _device.Allocate(checked((int)Ceiling.Of(elements, Columns)), Columns);
    }
}
