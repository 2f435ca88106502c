using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// The forward pass of every architecture, in steps: rows of boundary 0, one block after the other, final norm, logits.
/// Each row depends on its own path of tokens only, so the same bytes come out whatever rows share a call.
/// </summary>
internal sealed class Transformer(Device device, ModelConfig config, ModelWeights weights) : IDisposable
{
    private readonly ModelShape _shape = config.Shape;
    private readonly Dictionary<RotaryShape, RotaryTable> _rotations = [];

    public Device Device => device;

    public BlockMemory AllocateMemory(int rows) => new(device, config, rows);

    /// <summary>Boundary 0: token embedding and, where the model has them, learned positions.</summary>
    /// <param name="rows">N rows, c of them context.</param>
    /// <param name="y">(N - c, d).</param>
    public void Embed(TokenRows rows, Tensor y)
    {
        device.Embed(rows.Tokens.RowRange(rows.Context, rows.Own), weights.Embedding, (float)_shape.EmbeddingScale, y);
        if (_shape.PositionOffset is { } offset)
            device.Embed(rows.Positions.RowRange(rows.Context, rows.Own), weights.Positions!.RowRange(offset, _shape.MaxPositions), 1, y, accumulate: true);
    }

    /// <summary>Boundary <paramref name="layer"/> + 1 of the rows that are not context.</summary>
    /// <param name="layer">0 .. L - 1.</param>
    /// <param name="rows">N rows, c of them context.</param>
    /// <param name="x">(N, d): boundary <paramref name="layer"/>.</param>
    /// <param name="y">(N - c, d); not x.</param>
    /// <param name="memory">For N rows or more.</param>
    public void Block(int layer, TokenRows rows, Tensor x, Tensor y, BlockMemory memory)
    {
        var block = weights.Blocks[layer];
        var normed = memory.Normed.RowRange(0, rows.Count);
        var attentionInput = x;
        if (block.AttentionInputNorm is { } norm)
        {
            norm.Apply(device, x, normed);
            attentionInput = normed;
        }

        Attend(layer, rows, attentionInput, memory);
        var own = x.RowRange(rows.Context, rows.Own);
        var halfInput = _shape.Form == BlockForm.Parallel ? attentionInput.RowRange(rows.Context, rows.Own) : y;
        AddHalf(block.AttentionOutput, block.AttentionOutputNorm, memory.Mixed.RowRange(rows.Context, rows.Own), own, y, memory);

        if (block.InnerInputNorm is { } innerNorm)
        {
            var innerInput = memory.Normed.RowRange(0, rows.Own);
            innerNorm.Apply(device, _shape.Form == BlockForm.Parallel ? own : y, innerInput);
            halfInput = innerInput;
        }

        AddHalf(block.InnerOutput, block.InnerOutputNorm, FeedForward(block, halfInput, memory), y, y, memory);
    }

    /// <summary>The norm between the last boundary and the logits.</summary>
    /// <param name="x">(N, d): boundary L.</param>
    /// <param name="y">(N, d); may be x.</param>
    public void FinalNorm(Tensor x, Tensor y) => weights.FinalNorm!.Apply(device, x, y);

    /// <summary>Scores of the next token.</summary>
    /// <param name="normed">(N, d): the final norm, or boundary L of a model that has none.</param>
    /// <param name="y">(N, V).</param>
    public void Logits(Tensor normed, Tensor y)
    {
        weights.Head.Apply(device, normed, y);
        if (_shape.LogitSoftCap > 0)
            device.SoftCap(y, (float)_shape.LogitSoftCap);
    }

    public void Dispose()
    {
        foreach (var table in _rotations.Values)
            table.Dispose();
        weights.Dispose();
    }

    /// <summary>Projects, turns and mixes all N rows into memory.Mixed.</summary>
    private void Attend(int layer, TokenRows rows, Tensor input, BlockMemory memory)
    {
        var (block, shape) = (weights.Blocks[layer], _shape.PerLayer[layer]);
        foreach (var (linear, output) in block.QueryKeyValue.Zip(memory.Projections(rows.Count)))
            linear.Apply(device, input, output);
        var (query, key, value) = memory.Views(rows.Count);
        NormHeads(block.QueryNorm, query);
        NormHeads(block.KeyNorm, key);
        if (shape.Rotary is { } rotary)
        {
            var table = Rotation(rotary, rows.LastPosition);
            device.Rotate(query, memory.QueryHeads, rows.Positions, table.Cosines, table.Sines, rotary.Pairs);
            device.Rotate(key, memory.KeyHeads, rows.Positions, table.Cosines, table.Sines, rotary.Pairs);
        }

        var attention = new AttentionShape(memory.QueryHeads, memory.KeyHeads, (float)_shape.AttentionScale, shape.Window, (float)_shape.AttentionSoftCap);
        device.Attention(query, key, value, rows.Parents, memory.Mixed.RowRange(0, rows.Count), attention);
    }

    private void NormHeads(Norm? norm, Tensor heads)
    {
        if (norm == null)
            return;
        var rows = _shape.QueryKeyNorm == NormScope.Head ? heads.Reshape(heads.Rows * (heads.Columns / _shape.HeadSize), _shape.HeadSize) : heads;
        norm.Apply(device, rows, rows);
    }

    /// <summary>The wide inner row of the feed-forward part, (n, inner width).</summary>
    private Tensor FeedForward(BlockWeights block, Tensor input, BlockMemory memory)
    {
        var inner = memory.Inner.RowRange(0, input.Rows);
        if (!_shape.Gated)
        {
            block.Inner[0].Apply(device, input, inner, _shape.Activation);
            return inner;
        }

        var gate = inner.ColumnRange(0, _shape.InnerWidth);
        var up = inner.ColumnRange(_shape.InnerWidth, _shape.InnerWidth);
        if (block.Inner.Length == 1)
        {
            block.Inner[0].Apply(device, input, inner);
        }
        else
        {
            block.Inner[0].Apply(device, input, gate);
            block.Inner[1].Apply(device, input, up);
        }

        device.Gate(gate, up, _shape.Activation, gate);
        return gate;
    }

    /// <summary>y = residual + (norm of) the projection of one half; or the norm of that sum.</summary>
    private void AddHalf(Linear projection, Norm? norm, Tensor input, Tensor residual, Tensor y, BlockMemory memory)
    {
        if (norm == null || _shape.Form == BlockForm.NormAfterSum)
        {
            projection.Apply(device, input, y, residual: residual);
            norm?.Apply(device, y, y);
            return;
        }

        var projected = memory.Normed.RowRange(0, y.Rows);
        projection.Apply(device, input, projected);
        norm.Apply(device, projected, y, residual);
    }

    private RotaryTable Rotation(RotaryShape shape, int lastPosition)
    {
        if (_rotations.TryGetValue(shape, out var table) && table.Positions > lastPosition)
            return table;
        table?.Dispose();
        return _rotations[shape] = new(device, shape, lastPosition + 1);
    }

    /// <summary>Cosines and sines of the first positions, (P, r) each.</summary>
    private sealed class RotaryTable : IDisposable
    {
        public RotaryTable(Device device, RotaryShape shape, int positions)
        {
            (var cosines, var sines) = shape.Table(positions);
            Positions = positions;
            Cosines = device.Allocate(positions, shape.Columns / 2);
            Sines = device.Allocate(positions, shape.Columns / 2);
            device.Upload(cosines, Cosines);
            device.Upload(sines, Sines);
        }

        public int Positions { get; }

        public Tensor Cosines { get; }

        public Tensor Sines { get; }

        public void Dispose()
        {
            Cosines.Dispose();
            Sines.Dispose();
        }
    }
}
