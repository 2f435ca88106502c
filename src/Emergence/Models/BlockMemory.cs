using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>What one block needs beside its input and output, for up to <c>rows</c> rows; used by one block after the other.</summary>
internal sealed class BlockMemory : IDisposable
{
    private readonly ModelShape _shape;
    private readonly bool _joinedByHead;
    private readonly List<Tensor> _owned = [];
    private readonly Tensor[] _queryKeyValue;

    public BlockMemory(Device device, ModelConfig config, int rows)
    {
        (_shape, _joinedByHead) = (config.Shape, config.Architecture.Names.JoinedByHead);
        var (query, key) = (_shape.QueryWidth, _shape.KeyWidth);
        var joined = config.Architecture.Names.QueryKeyValue.Length == 1;
        try
        {
            _queryKeyValue = joined
                ? [Own(query + 2 * key)]
                : [Own(query), Own(key), Own(key)];
            Normed = Own(_shape.Width);
            Mixed = Own(query);
            Inner = Own(_shape.Gated ? 2 * _shape.InnerWidth : _shape.InnerWidth);
        }
        catch
        {
            Dispose();
            throw;
        }

        Tensor Own(int columns)
        {
            var tensor = device.Allocate(rows, columns);
            _owned.Add(tensor);
            return tensor;
        }
    }

    /// <summary>(rows, d): what goes into a half of the block, or comes out of it before its norm.</summary>
    public Tensor Normed { get; }

    /// <summary>(rows, heads * head size): what attention yields.</summary>
    public Tensor Mixed { get; }

    /// <summary>(rows, inner width), or twice that where there is a gate.</summary>
    public Tensor Inner { get; }

    /// <summary>Bytes for each row.</summary>
    public static long BytesPerRow(Device device, ModelShape shape)
    {
        var columns = shape.Width + 2L * shape.QueryWidth + 2L * shape.KeyWidth + (shape.Gated ? 2L : 1L) * shape.InnerWidth;
        return columns * device.ComputeType.Size();
    }

    /// <summary>Where the projections of n rows go: one tensor, or query, key and value.</summary>
    public Tensor[] Projections(int n) => [.. _queryKeyValue.Select(tensor => tensor.RowRange(0, n))];

    /// <summary>Query, key and value of n rows, with heads as <see cref="QueryHeads"/> and <see cref="KeyHeads"/> say.</summary>
    public (Tensor Query, Tensor Key, Tensor Value) Views(int n)
    {
        var parts = Projections(n);
        if (parts.Length == 3)
            return (parts[0], parts[1], parts[2]);
        if (_joinedByHead)
        {
            var size = _shape.HeadSize;
            var span = parts[0].Columns - 2 * size;
            return (parts[0].ColumnRange(0, span), parts[0].ColumnRange(size, span), parts[0].ColumnRange(2 * size, span));
        }

        var (query, key) = (_shape.QueryWidth, _shape.KeyWidth);
        return (parts[0].ColumnRange(0, query), parts[0].ColumnRange(query, key), parts[0].ColumnRange(query + key, key));
    }

    public HeadLayout QueryHeads => new(_shape.Heads, _shape.HeadSize, (_joinedByHead ? 3 : 1) * _shape.HeadSize);

    public HeadLayout KeyHeads => new(_shape.KeyHeads, _shape.HeadSize, (_joinedByHead ? 3 : 1) * _shape.HeadSize);

    public void Dispose() => _owned.ForEach(tensor => tensor.Dispose());
}
