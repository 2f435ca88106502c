using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>The first half of a block, up to its last projection: projects, norms, turns and mixes.</summary>
internal sealed class AttentionHalf(Device device, PositionTables tables)
{
    /// <summary>What attention yields for the rows that are not context, (N - c, heads * value size).</summary>
    /// <param name="layer">0 .. L - 1.</param>
    /// <param name="weights">Weights of the block.</param>
    /// <param name="part">What the layer computes.</param>
    /// <param name="rows">N rows, c of them context.</param>
    /// <param name="input">(N, d).</param>
    /// <param name="memory">For N rows or more.</param>
    /// <param name="shared">For the rows of all calls.</param>
    public Tensor Mix(int layer, BlockWeights weights, AttentionPart part, TokenRows rows, Tensor input, BlockMemory memory,
        SharedKeys shared)
    {
        var n = rows.Count;
        var heads = Project(weights, part, rows, input, memory);
        Turn(heads.Query, weights.QueryNorms, new(part.Heads, part.HeadSize, part.HeadSize), part, rows);
        if (part.KeysOf is { } source)
        {
            (var key, var value) = shared.Of(source, rows, heads.Key, heads.Value);
            heads = heads with { Key = key, Value = value };
        }
        else
        {
            if (part.ValuesAreKeys)
                device.CopyHeads(heads.Key, Whole(heads.Key), heads.Value, Whole(heads.Value));
            Turn(heads.Key, weights.KeyNorms, new(part.KeyHeads, part.HeadSize, part.HeadSize), part, rows);
            if (weights.ValueNorm is { } norm)
                NormHeads([norm], heads.Value, heads.Values, NormScope.Head);
            Clip(heads.Value, part);
            shared.Keep(layer, rows, heads.Key, heads.Value);
        }

        var query = new HeadLayout(part.Heads, part.HeadSize, part.HeadSize);
        var shape = new AttentionShape(query, query with { Count = part.KeyHeads }, (float)part.Scale, part.Window, (float)part.SoftCap,
            heads.Values) { Sinks = weights.Sinks };
        var (bias, scale) = (tables.Bias((PositionBias?)part.Slopes ?? part.Chunks, rows), tables.Scale(part.PositionScale, rows));
        var mixed = memory.Take(Slot.Mixed, n, part.MixedWidth);
        device.Attention(heads.Query, heads.Key, heads.Value, rows.Paths.Parents, mixed, shape, bias == null && scale == null ? null
            : new(rows.Positions, bias, scale));
        if (heads.Gate is { } gate)
            device.Gate(gate, mixed, Activation.Sigmoid, mixed);
        return mixed.RowRange(rows.Context, rows.Own);
    }

    private Projected Project(BlockWeights weights, AttentionPart part, TokenRows rows, Tensor input, BlockMemory memory)
    {
        var n = rows.Count;
        if (part.Latent is { } latent)
            return ProjectByLatent(weights, part, latent, rows, input, memory);
        var values = new HeadLayout(part.KeyHeads, part.ValueSize, part.ValueSize);
        var joint = weights.QueryKeyValue.Length == 1 && part.KeysOf == null;
        if (joint)
        {
            var all = memory.Take(Slot.Query, n, part.QueryWidth + part.KeyWidth + part.ValueWidth);
            weights.QueryKeyValue[0].Apply(device, input, all);
            return new(all.ColumnRange(0, part.QueryWidth), all.ColumnRange(part.QueryWidth, part.KeyWidth),
                all.ColumnRange(part.QueryWidth + part.KeyWidth, part.ValueWidth), values);
        }

        Tensor[] outputs = [memory.Take(Slot.Query, n, (part.OutputGate ? 2 : 1) * part.QueryWidth),
            memory.Take(Slot.Key, n, part.KeyWidth), memory.Take(Slot.Value, n, part.ValueWidth)];
        foreach (var (linear, output) in weights.QueryKeyValue.Zip(outputs))
            linear.Apply(device, input, output);
        var query = outputs[0].ColumnRange(0, part.QueryWidth);
        return new(query, outputs[1], outputs[2], values)
            { Gate = part.OutputGate ? outputs[0].ColumnRange(part.QueryWidth, part.QueryWidth) : null };
    }

    /// <summary>Turns the columns of positions here, since they are at the end of a head and of keys there is one for all heads.</summary>
    private Projected ProjectByLatent(BlockWeights weights, AttentionPart part, LatentShape latent, TokenRows rows, Tensor input,
        BlockMemory memory)
    {
        var (n, plain) = (rows.Count, part.HeadSize - latent.RotaryColumns);
        var narrow = weights.Latent!;
        var query = memory.Take(Slot.Query, n, part.QueryWidth);
        if (narrow.QueryDown is { } down)
        {
            var queryRow = memory.Take(Slot.QueryLatent, n, latent.QueryRank!.Value);
            down.Apply(device, input, queryRow);
            narrow.QueryNorm!.Apply(device, queryRow, queryRow);
            weights.QueryKeyValue[0].Apply(device, queryRow, query);
        }
        else
        {
            weights.QueryKeyValue[0].Apply(device, input, query);
        }

        var keyRow = memory.Take(Slot.KeyLatent, n, latent.KeyRank + latent.RotaryColumns);
        narrow.KeyDown.Apply(device, input, keyRow);
        var (row, turning) = (keyRow.ColumnRange(0, latent.KeyRank), keyRow.ColumnRange(latent.KeyRank, latent.RotaryColumns));
        narrow.KeyNorm.Apply(device, row, row);
        var keyValue = memory.Take(Slot.KeyValue, n, part.Heads * (plain + part.ValueSize));
        narrow.KeyUp.Apply(device, row, keyValue);

        var single = new HeadLayout(1, latent.RotaryColumns, latent.RotaryColumns);
        Rotate(query.ColumnRange(plain, query.Columns - plain), single with { Count = part.Heads, Stride = part.HeadSize }, part, rows);
        Rotate(turning, single, part, rows);

        var key = memory.Take(Slot.Key, n, part.KeyWidth);
        var apart = new HeadLayout(part.Heads, plain, plain + part.ValueSize);
        device.CopyHeads(keyValue, apart, key, apart with { Stride = part.HeadSize });
        device.CopyHeads(turning, single, key.ColumnRange(plain, key.Columns - plain),
            single with { Count = part.Heads, Stride = part.HeadSize });
        return new(query, key, keyValue.ColumnRange(plain, keyValue.Columns - plain), apart with { Size = part.ValueSize });
    }

    /// <summary>Norm and rotation of queries or keys, in the order that the model has them; they are cut off behind a norm that comes
    /// first (OLMoE).</summary>
    private void Turn(Tensor x, Norm[] norms, HeadLayout heads, AttentionPart part, TokenRows rows)
    {
        if (part.QueryKeyNorm is { AfterRotation: false } before)
            NormHeads(norms, x, heads, before.Scope);
        Clip(x, part);
        if (part.Latent == null)
            Rotate(x, heads, part, rows);
        if (part.QueryKeyNorm is { AfterRotation: true } after)
            NormHeads(norms, x, heads, after.Scope);
    }

    private void Clip(Tensor x, AttentionPart part)
    {
        if (part.Clip > 0)
            device.Clip(x, (float)-part.Clip, (float)part.Clip);
    }

    private void Rotate(Tensor x, HeadLayout heads, AttentionPart part, TokenRows rows)
    {
        if (part.Rotary is not { } rotary)
            return;
        var (cosines, sines) = tables.Rotation(rotary, rows);
        device.Rotate(x, heads, rows.Turns, cosines, sines, rotary.Pairs);
    }

    private void NormHeads(Norm[] norms, Tensor x, HeadLayout heads, NormScope scope)
    {
        if (scope == NormScope.AllHeads)
        {
            norms[0].Apply(device, x, x);
            return;
        }

        if (scope == NormScope.Head && x.IsDense)
        {
            var each = x.Reshape(x.Rows * heads.Count, heads.Size);
            norms[0].Apply(device, each, each);
            return;
        }

        for (var h = 0; h < heads.Count; h++)
        {
            var head = x.ColumnRange(h * heads.Stride, heads.Size);
            norms[scope == NormScope.Head ? 0 : h].Apply(device, head, head);
        }
    }

    private static HeadLayout Whole(Tensor x) => new(1, x.Columns, x.Columns);

    /// <summary>Query, key and value of all rows, and where the heads of the values lie.</summary>
    private readonly record struct Projected(Tensor Query, Tensor Key, Tensor Value, HeadLayout Values)
    {
        /// <summary>What multiplies each head's result, or none.</summary>
        public Tensor? Gate { get; init; }
    }
}
