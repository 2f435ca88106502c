using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>Rows of a stored matrix in the order in which they were first asked for; each is read once, until all are given up.</summary>
internal sealed class NeededRows(Device device, WeightFiles files, ExpectedWeight weight) : IDisposable
{
    private const int StagingBytes = 1 << 22;
    private const int FirstCapacity = 256;

    private readonly Dictionary<int, int> _places = [];
    private readonly DType _type = files.TypeOf(weight);
    private Tensor? _memory;

    /// <summary>(K, c) in the stored type.</summary>
    public Tensor Held => _memory!.RowRange(0, _places.Count);

    /// <summary>(N, 1): where the rows of <paramref name="ids"/> are among those held; the caller frees it.</summary>
    public Tensor Places(Tensor ids)
    {
        var numbers = new int[ids.Rows];
        device.Download(ids, MemoryMarshal.AsBytes(numbers.AsSpan()));
        Read([.. numbers.Distinct().Where(number => !_places.ContainsKey(number)).Order()]);
        return device.AllocateIndices(Array.ConvertAll(numbers, number => _places[number]));
    }

    /// <summary>Gives all rows up.</summary>
    public void Release()
    {
        _memory?.Dispose();
        _memory = null;
        _places.Clear();
    }

    public void Dispose() => Release();

    private void Read(int[] missing)
    {
        if (missing.Length == 0)
            return;
        MakeRoom(_places.Count + missing.Length);
        var width = weight.Columns * _type.Size();
        var staging = new byte[(long)Math.Clamp(StagingBytes / width, 1, missing.Length) * width];
        foreach (var part in missing.Chunk(staging.Length / width))
        {
            var bytes = staging.AsSpan(0, part.Length * width);
            files.Read(new(weight, part, 0, part.Length), 0, bytes);
            device.Upload(bytes, _memory!.RowRange(_places.Count, part.Length));
            foreach (var number in part)
                _places.Add(number, _places.Count);
        }
    }

    private void MakeRoom(int rows)
    {
        if (_memory?.Rows >= rows)
            return;
        var grown = device.Allocate(_type, Math.Min(weight.Rows, Math.Max(rows, 2 * (_memory?.Rows ?? FirstCapacity / 2))), weight.Columns);
        if (_memory is { } old)
        {
            using var all = device.AllocateIndices([.. Enumerable.Range(0, _places.Count)]);
            device.GatherRows(old, all, grown.RowRange(0, _places.Count));
            old.Dispose();
        }

        _memory = grown;
    }
}
