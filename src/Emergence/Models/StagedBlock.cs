using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;

namespace Emergence.Models;

/// <summary>The stored bytes of one block's weights, in host memory that one block after the other uses.</summary>
/// <param name="files">Where they come from.</param>
/// <param name="bytes">Room for the largest block, as <see cref="RoomFor"/> says.</param>
internal sealed class StagedBlock(WeightFiles files, long bytes) : IDisposable
{
    private const int Alignment = 64;

    private readonly Dictionary<string, long> _places = [];
    private readonly HostBuffer _memory = new(bytes);

    /// <summary>The block that is there or on its way; -1: none.</summary>
    public int Layer { get; private set; } = -1;

    /// <summary>Bytes that tensors take one behind the other.</summary>
    public static long RoomFor(IEnumerable<TensorEntry> entries) => entries.Sum(entry => Padded(entry.ByteLength));

    /// <summary>Reads a block; what is not complete counts as none.</summary>
    public void Read(int layer, IReadOnlyList<TensorEntry> entries, CancellationToken cancellation)
    {
        (Layer, var place) = (-1, 0L);
        _places.Clear();
        foreach (var entry in entries)
        {
            files.ReadOnce(entry, _memory, place, cancellation);
            _places.Add(entry.Name, place);
            place += Padded(entry.ByteLength);
        }

        Layer = layer;
    }

    /// <summary>A plain weight on the device: if that is the host, in place, valid until the next block is read.</summary>
    public Tensor Load(Device device, ExpectedWeight weight)
    {
        var (place, type) = (_places[files.StoredName(weight)], files.TypeOf(weight));
        if (device is HostDevice)
            return Tensor.View(_memory, place, type, weight.Rows, weight.Columns);
        var tensor = device.Allocate(type, weight.Rows, weight.Columns);
        var width = (long)weight.Columns * type.Size();
        var most = (int)Math.Clamp(int.MaxValue / Math.Max(1, width), 1, Math.Max(1, weight.Rows));
        for (var start = 0; start < weight.Rows; start += most)
        {
            var count = Math.Min(most, weight.Rows - start);
            device.Upload(_memory.Slice(place + start * width, (int)(count * width)), tensor.RowRange(start, count));
        }

        return tensor;
    }

    public void Place(StoredMatrix packed) => packed.Place(_memory, _places);

    public void Dispose() => _memory.Dispose();

    private static long Padded(long length) => Ceiling.Multiple(length, Alignment);
}
