using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>Keys and values of the layers whose later ones read them, of all rows that go through the model.</summary>
internal sealed class SharedKeys : IDisposable
{
    private readonly Device _device;
    private readonly Dictionary<int, (Tensor Key, Tensor Value)> _layers = [];

    /// <param name="device">Holds them.</param>
    /// <param name="shape">Shape of the model.</param>
    /// <param name="rows">Rows of all calls.</param>
    public SharedKeys(Device device, ModelShape shape, int rows)
    {
        _device = device;
        try
        {
            foreach (var layer in Sources(shape))
            {
                var attention = shape.Blocks[layer].Attention!;
                _layers[layer] = (device.Allocate(rows, attention.KeyWidth), device.Allocate(rows, attention.ValueWidth));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes for each row.</summary>
    public static long BytesPerRow(Device device, ModelShape shape) =>
        Sources(shape).Select(layer => shape.Blocks[layer].Attention!).Sum(attention => (long)attention.KeyWidth + attention.ValueWidth)
            * device.ComputeType.Size();

    /// <summary>Keeps what a layer made of its own rows, if later ones read it.</summary>
    public void Keep(int layer, TokenRows rows, Tensor key, Tensor value)
    {
        if (!_layers.TryGetValue(layer, out var kept))
            return;
        Copy(key, kept.Key);
        Copy(value, kept.Value);

        void Copy(Tensor from, Tensor to)
        {
            var all = new HeadLayout(1, from.Columns, from.Columns);
            _device.CopyHeads(from.RowRange(rows.Context, rows.Own), all, to.RowRange(rows.Start, rows.Own), all);
        }
    }

    /// <summary>What that layer made of the rows, context first; <paramref name="key"/> and <paramref name="value"/> have room for
    /// it.</summary>
    public (Tensor Key, Tensor Value) Of(int layer, TokenRows rows, Tensor key, Tensor value)
    {
        var kept = _layers[layer];
        if (rows.Sources == null)
            return (kept.Key.RowRange(rows.Start, rows.Count), kept.Value.RowRange(rows.Start, rows.Count));
        _device.GatherRows(kept.Key, rows.Sources, key);
        _device.GatherRows(kept.Value, rows.Sources, value);
        return (key, value);
    }

    public void Dispose()
    {
        foreach (var (key, value) in _layers.Values)
        {
            key.Dispose();
            value.Dispose();
        }
    }

    private static IEnumerable<int> Sources(ModelShape shape) =>
        shape.Blocks.Select(block => block.Attention?.KeysOf).OfType<int>().Distinct();
}
