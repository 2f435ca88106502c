using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;

namespace Emergence.Models;

/// <summary>The stored bytes of one block's weights, in memory that one block after the other uses: of the host and, where that is
/// another one, of the device.</summary>
/// <param name="device">Computes with them.</param>
/// <param name="files">Where they come from.</param>
/// <param name="bytes">Room for the largest block, as <see cref="RoomFor"/> says.</param>
internal sealed class StagedBlock(Device device, WeightFiles files, long bytes) : IDisposable
{
    private const int Alignment = 64;

    private readonly Dictionary<string, long> _places = [];
    private readonly Staging _staging = device.CreateStaging(bytes);

    /// <summary>The block that is there or on its way; -1: none.</summary>
    public int Layer { get; private set; } = -1;

    /// <summary>Bytes that tensors take one behind the other.</summary>
    public static long RoomFor(IEnumerable<TensorEntry> entries) => entries.Sum(entry => Padded(entry.ByteLength));

    /// <summary>Reads a block; what is not complete counts as none.</summary>
    public void Read(int layer, IReadOnlyList<TensorEntry> entries, CancellationToken cancellation)
    {
        (Layer, var place) = (-1, 0L);
        _places.Clear();
        _staging.Begin();
        foreach (var entry in entries)
        {
            files.ReadOnce(entry, _staging.Memory, place, cancellation);
            _staging.Send(place, entry.ByteLength);
            _places.Add(entry.Name, place);
            place += Padded(entry.ByteLength);
        }

        Layer = layer;
    }

    /// <summary>Ops that are called from now on find the block; until another is entered.</summary>
    public void Enter() => _staging.Enter();

    /// <summary>No op that is called from now on uses the block.</summary>
    public void Leave() => _staging.Leave();

    /// <summary>A plain weight on the device, in place: valid until the block is left.</summary>
    public Tensor Load(ExpectedWeight weight) =>
        _staging.View(_places[files.StoredName(weight)], files.TypeOf(weight), weight.Rows, weight.Columns);

    public void Place(StoredMatrix packed) => packed.Place(_staging.Memory, _places);

    public void Dispose() => _staging.Dispose();

    private static long Padded(long length) => Ceiling.Multiple(length, Alignment);
}
