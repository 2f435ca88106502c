using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// The forward pass of every architecture, in steps: rows of boundary 0, one block after the other, final norm, logits.
/// Each row depends on its own path of tokens only, so the same bytes come out whatever rows share a call.
/// </summary>
internal sealed class Transformer : IDisposable
{
    private readonly ModelShape _shape;
    private readonly ModelWeights _weights;
    private readonly AttentionHalf _attention;
    private readonly RecurrenceHalf _recurrence;
    private readonly ExpertsHalf _experts;
    private readonly PositionTables _tables;

    /// <param name="device">Computes.</param>
    /// <param name="shape">Shape of the model.</param>
    /// <param name="files">Its weights.</param>
    /// <param name="choice">Where they are; in memory by default.</param>
    public Transformer(Device device, ModelShape shape, WeightFiles files, WeightChoice? choice = null)
        : this(device, shape, choice?.Blocks is { } blocks ? new StreamedWeights(device, shape, files, blocks, choice.Unpacked)
            : new ResidentWeights(device, shape, files, choice?.Unpacked ?? 0))
    {
    }

    /// <param name="device">Computes.</param>
    /// <param name="shape">Shape of the model.</param>
    /// <param name="weights">Freed with it.</param>
    public Transformer(Device device, ModelShape shape, ModelWeights weights)
    {
        (Device, _shape, _weights) = (device, shape, weights);
        _tables = new(device);
        try
        {
            _attention = new(device, _tables);
            _recurrence = new(device);
            _experts = new(device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Device Device { get; }

    public bool HasHead => _weights.HasHead;

    /// <summary>Told of every call of a layer with experts: the layer, its first row among those of all calls, and the experts of each
    /// own row, one row after the other; or none.</summary>
    public Action<int, int, int[]>? Routed { get; set; }

    public BlockMemory AllocateMemory(int rows) => new(Device, _shape, rows);

    /// <summary>What layers hand on to later ones, for the rows of all calls.</summary>
    public SharedKeys AllocateShared(int rows) => new(Device, _shape, rows);

    /// <summary>Boundary 0: token embedding, a vector for the position if the model has such, the norm of both.</summary>
    /// <param name="rows">N rows, c of them context.</param>
    /// <param name="y">(N - c, d).</param>
    public void Embed(TokenRows rows, Tensor y)
    {
        var first = _weights.First;
        _weights.Begin();
        first.Embedding.Embed(Device, rows.Tokens.RowRange(rows.Context, rows.Own), (float)_shape.EmbeddingScale, y);
        if (_shape.Positions is { } vectors)
            Device.Embed(rows.Positions.RowRange(rows.Context, rows.Own), first.Positions!.RowRange(vectors.Offset, _shape.MaxPositions),
                1, y, accumulate: true);
        first.Norm?.Apply(Device, y, y);
    }

    /// <summary>Boundary 0 of rows that are no tokens: the embedding of their places is added to them, then the norm taken.</summary>
    /// <param name="places">(N, 1).</param>
    /// <param name="y">(N, d): the rows.</param>
    public void EmbedPlaces(Tensor places, Tensor y)
    {
        _weights.First.Embedding.Embed(Device, places, 1, y, accumulate: true);
        _weights.First.Norm?.Apply(Device, y, y);
    }

    /// <summary>Boundary <paramref name="layer"/> + 1 of the rows that are not context.</summary>
    /// <param name="layer">0 .. L - 1.</param>
    /// <param name="rows">N rows, c of them context.</param>
    /// <param name="x">(N, d): boundary <paramref name="layer"/>.</param>
    /// <param name="y">(N - c, d); not x.</param>
    /// <param name="memory">For N rows or more.</param>
    /// <param name="shared">For the rows of all calls.</param>
    public void Block(int layer, TokenRows rows, Tensor x, Tensor y, BlockMemory memory, SharedKeys shared)
    {
        var (block, shape) = (_weights.Block(layer), _shape.Blocks[layer]);
        _experts.Routed = Routed == null ? null : chosen => Routed(layer, rows.Start, chosen);
        if (_shape.Form == BlockForm.Parallel)
        {
            var input = Normed(block.AttentionInputNorm, x, memory);
            var (ownInput, own) = (input.RowRange(rows.Context, rows.Own), x.RowRange(rows.Context, rows.Own));
            var mixed = _attention.Mix(layer, block, shape.Attention!, rows, input, memory, shared);

            // The input of the other half may lie where this half's sum would pass through: it goes first.
            var second = block.InnerInputNorm == null ? ownInput : null;
            var inner = second == null ? null : FeedForward(block, shape.Inner!, second, memory);
            AddHalf(block.AttentionOutput!, block.AttentionOutputNorm, mixed, own, y, memory);
            inner ??= FeedForward(block, shape.Inner!, Normed(block.InnerInputNorm, own, memory), memory);
            AddHalf(block.InnerOutput!, block.InnerOutputNorm, inner, y, y, memory);
        }
        else
        {
            var stream = x.RowRange(rows.Context, rows.Own);
            if (shape.HasFirstHalf)
            {
                AddFirstHalf(layer, block, rows, x, y, memory, shared);
                stream = y;
            }

            if (shape.HasSecondHalf)
                AddSecondHalf(block, shape, stream, y, memory);
        }

        if (block.LayerInput is { } layerInput)
            AddLayerInput(layerInput, shape.Inner!.Activation, rows, y, memory);
        if (block.OutputScale != 1)
            Device.Scale(y, (float)block.OutputScale, y);
    }

    /// <summary>The norm between the last boundary and the logits.</summary>
    /// <param name="x">(N, d): boundary L.</param>
    /// <param name="y">(N, d); may be x.</param>
    public void FinalNorm(Tensor x, Tensor y) => _weights.FinalNorm!.Apply(Device, x, y);

    /// <summary>Scores of the next token.</summary>
    /// <param name="normed">(N, d): the final norm, or boundary L of a model that has none.</param>
    /// <param name="y">(N, V).</param>
    public void Logits(Tensor normed, Tensor y)
    {
        _weights.Head!.Apply(Device, normed, y);
        if (_shape.LogitScale != 1)
            Device.Scale(y, (float)_shape.LogitScale, y);
        if (_shape.LogitSoftCap > 0)
            Device.SoftCap(y, (float)_shape.LogitSoftCap);
    }

    public void Dispose()
    {
        _tables.Dispose();
        _weights.Dispose();
    }

    /// <summary>y = own rows of x + what attention, a recurrence or both yield.</summary>
    private void AddFirstHalf(int layer, BlockWeights block, TokenRows rows, Tensor x, Tensor y, BlockMemory memory, SharedKeys shared)
    {
        var shape = _shape.Blocks[layer];
        var input = Normed(block.AttentionInputNorm, x, memory);
        var residual = (_shape.Form == BlockForm.SumOfNormed ? input : x).RowRange(rows.Context, rows.Own);
        var mixed = shape.Attention is { } attention
            ? _attention.Mix(layer, block, attention, rows, Scaled(input, attention.InputScale, memory), memory, shared) : null;
        var recurred = shape.Recurrence is { } recurrence
            ? _recurrence.Mix(block.Recurrence!, recurrence, rows, Scaled(input, recurrence.InputScale, memory), memory) : null;
        if (mixed != null)
            AddHalf(block.AttentionOutput!, block.AttentionOutputNorm, mixed, residual, y, memory, shape.Attention!.OutputScale);
        if (recurred != null)
            AddHalf(block.Recurrence!.Output, block.AttentionOutputNorm, recurred, mixed == null ? residual : y, y, memory,
                shape.Recurrence!.OutputScale);
    }

    /// <summary>y = stream + what the feed-forward part, experts or both yield.</summary>
    private void AddSecondHalf(BlockWeights block, BlockShape shape, Tensor stream, Tensor y, BlockMemory memory)
    {
        var input = Normed(block.InnerInputNorm, stream, memory);
        var residual = _shape.Form == BlockForm.SumOfNormed ? input : stream;
        if (block.Experts is { Beside: { } beside } both)
            AddBoth(block, shape, both, beside, input, y, memory);
        else if (block.Experts is { } experts)
            Add(_experts.Mix(experts, shape.Experts!, input, stream, memory), block.InnerOutputNorm, residual, y);
        else
            AddHalf(block.InnerOutput!, block.InnerOutputNorm, FeedForward(block, shape.Inner!, input, memory), residual, y, memory,
                shape.Inner!.OutputScale);
    }

    /// <summary>x itself if the factor is 1.</summary>
    private Tensor Scaled(Tensor x, double factor, BlockMemory memory)
    {
        if (factor == 1)
            return x;
        var scaled = memory.Take(Slot.Scaled, x.Rows, x.Columns);
        Device.Scale(x, (float)factor, scaled);
        return scaled;
    }

    /// <summary>x itself if there is no norm.</summary>
    private Tensor Normed(Norm? norm, Tensor x, BlockMemory memory)
    {
        if (norm == null)
            return x;
        var normed = memory.Take(Slot.Normed, x.Rows, x.Columns);
        norm.Apply(Device, x, normed);
        return normed;
    }

    /// <summary>The wide inner row of the feed-forward part, (n, inner width).</summary>
    private Tensor FeedForward(BlockWeights block, InnerPart part, Tensor input, BlockMemory memory)
    {
        if (!part.Gated)
        {
            var wide = memory.Take(Slot.Inner, input.Rows, part.Width);
            block.Inner[0].Apply(Device, input, wide, part.Activation);
            if (block.Xielu is { } xielu)
                Device.ApplyXielu(wide, xielu);
            return wide;
        }

        var inner = memory.Take(Slot.Inner, input.Rows, 2 * part.Width);
        var (gate, up) = (inner.ColumnRange(0, part.Width), inner.ColumnRange(part.Width, part.Width));
        if (block.Inner.Length == 1)
        {
            block.Inner[0].Apply(Device, input, inner);
        }
        else
        {
            block.Inner[0].Apply(Device, input, gate);
            block.Inner[1].Apply(Device, input, up);
        }

        if (block.Xielu is { } alone)
            Device.ApplyXielu(gate, alone);
        if (part.GateScale != 1)
            Device.Scale(gate, (float)part.GateScale, gate);
        Device.Gate(gate, up, part.Activation, gate);
        return gate;
    }

    /// <summary>y = residual + (norm of) the projection of one half, or a multiple of it; or the norm of that sum.</summary>
    private void AddHalf(Linear projection, Norm? norm, Tensor input, Tensor residual, Tensor y, BlockMemory memory, double factor = 1)
    {
        factor *= _shape.ResidualScale;
        var isLast = norm == null || _shape.Form == BlockForm.NormAfterSum;
        if (isLast && factor == 1)
        {
            projection.Apply(Device, input, y, residual: residual);
            if (norm != null)
                norm.Apply(Device, y, y);
            return;
        }

        var projected = memory.Take(Slot.Normed, y.Rows, y.Columns);
        projection.Apply(Device, input, projected);
        if (factor == 1)
        {
            norm!.Apply(Device, projected, y, residual);
            return;
        }

        if (!isLast)
            norm!.Apply(Device, projected, projected);
        Device.Scale(projected, (float)factor, y, residual);
        if (norm != null && isLast)
            norm.Apply(Device, y, y);
    }

    /// <summary>y += norm(norm of the dense half + norm of what experts yield): all of them read y.</summary>
    private void AddBoth(BlockWeights block, BlockShape shape, ExpertsWeights experts, BesideWeights beside, Tensor innerInput, Tensor y,
        BlockMemory memory)
    {
        var wide = FeedForward(block, shape.Inner!, innerInput, memory);
        var dense = memory.Take(Slot.Normed, y.Rows, y.Columns);
        block.InnerOutput!.Apply(Device, wide, dense);
        beside.DenseNorm.Apply(Device, dense, dense);
        var input = memory.Take(Slot.ExpertInput, y.Rows, y.Columns);
        beside.InputNorm.Apply(Device, y, input);
        var mixture = _experts.Mix(experts, shape.Experts!, input, y, memory);
        beside.OutputNorm.Apply(Device, mixture, dense, dense);
        Add(dense, block.InnerOutputNorm, y, y);
    }

    /// <summary>y = residual + (norm of) what experts yield, or a multiple of it.</summary>
    private void Add(Tensor mixture, Norm? norm, Tensor residual, Tensor y)
    {
        if (norm != null)
            norm.Apply(Device, mixture, mixture);
        Device.Scale(mixture, (float)_shape.ResidualScale, y, residual);
    }

    /// <summary>y += norm(output(activation(gate y) * e)), where e is the layer's embedding of the token and what the token's own says of
    /// it.</summary>
    private void AddLayerInput(LayerInputWeights weights, Activation activation, TokenRows rows, Tensor y, BlockMemory memory)
    {
        var width = weights.Embedding.Columns;
        var tokens = rows.Tokens.RowRange(rows.Context, rows.Own);
        var (stream, input, gate) = (memory.Take(Slot.Normed, y.Rows, y.Columns), memory.Take(Slot.LayerInput, y.Rows, width),
            memory.Take(Slot.LayerGate, y.Rows, width));
        _weights.First.Embedding.Embed(Device, tokens, (float)_shape.EmbeddingScale, stream);
        weights.FromStream.Apply(Device, stream, input);
        Device.Scale(input, (float)(1 / Math.Sqrt(_shape.Width)), input);
        weights.FromStreamNorm.Apply(Device, input, input);
        weights.Embedding.Embed(Device, tokens, (float)Math.Sqrt(width), input, accumulate: true);
        Device.Scale(input, (float)(1 / Math.Sqrt(2)), input);

        weights.Gate.Apply(Device, y, gate);
        Device.Gate(gate, input, activation, gate);
        weights.Output.Apply(Device, gate, stream);
        weights.OutputNorm.Apply(Device, stream, y, y);
    }
}
