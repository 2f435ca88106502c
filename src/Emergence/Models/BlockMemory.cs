using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>What a block needs beside its input and output, one tensor of so many columns each.</summary>
internal enum Slot
{
    /// <summary>What goes into a half of the block, or comes out of it before its norm.</summary>
    Normed,

    /// <summary>Queries, or the joint projection.</summary>
    Query,

    Key,

    Value,

    /// <summary>What attention yields.</summary>
    Mixed,

    /// <summary>Inside the feed-forward part; twice as wide if there is a gate.</summary>
    Inner,

    /// <summary>A router's products.</summary>
    Router,

    /// <summary>Copies of rows for the experts they pass, and what these yield.</summary>
    Routed,

    /// <summary>Inside an expert, for all rows if they pass the same one.</summary>
    ExpertInner,

    /// <summary>What experts yield together.</summary>
    Mixture,

    /// <summary>What experts beside a dense half are given.</summary>
    ExpertInput,

    /// <summary>Gate and up one after the other, if they take turns.</summary>
    Apart,

    /// <summary>The narrow row that queries come out of.</summary>
    QueryLatent,

    /// <summary>The narrow row that keys and values come out of, and the key that turns.</summary>
    KeyLatent,

    /// <summary>Keys and values side by side, by head.</summary>
    KeyValue,

    /// <summary>What goes into a part of the block, times a factor.</summary>
    Scaled,

    /// <summary>What the projections in front of a recurrence yield.</summary>
    Projected,

    /// <summary>After the convolution.</summary>
    Convolved,

    /// <summary>The narrow row that steps come out of, beside what goes into a state and what reads it.</summary>
    NarrowRow,

    Steps,

    /// <summary>What a recurrence yields.</summary>
    Recurred,

    /// <summary>The narrow rows that experts are given, and what they yield of them.</summary>
    ExpertLatent,

    LatentMixture,

    /// <summary>The layer's own embedding of the token.</summary>
    LayerInput,

    /// <summary>What lets the layer's own embedding through.</summary>
    LayerGate,
}

/// <summary>The inside of a block, for up to <c>rows</c> rows; used by one block after the other.</summary>
internal sealed class BlockMemory : IDisposable
{
    private readonly Dictionary<Slot, Tensor> _slots = [];

    public BlockMemory(Device device, ModelShape shape, int rows)
    {
        try
        {
            foreach (var slot in Enum.GetValues<Slot>())
            {
                if (Width(shape, slot) is > 0 and var columns)
                    _slots[slot] = device.Allocate(rows, columns);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A dense (rows, columns) of a slot.</summary>
    public Tensor Take(Slot slot, int rows, int columns) => _slots[slot].Front(rows, columns);

    /// <summary>Bytes for each row.</summary>
    public static long BytesPerRow(Device device, ModelShape shape) =>
        Enum.GetValues<Slot>().Sum(slot => (long)Width(shape, slot)) * device.ComputeType.Size();

    public void Dispose()
    {
        foreach (var slot in _slots.Values)
            slot.Dispose();
    }

    /// <summary>Columns that the widest layer needs.</summary>
    private static int Width(ModelShape shape, Slot slot)
    {
        var isJoint = shape.Names.QueryKeyValue.Length == 1;
        return slot switch
        {
            Slot.Normed => shape.Width,
            Slot.ExpertInput => shape.Blocks.Any(block => block.Experts is { IsBeside: true }) ? shape.Width : 0,
            Slot.Mixture => shape.Blocks.Any(block => block.Experts != null) ? shape.Width : 0,
            Slot.Routed => shape.Blocks.Max(block => block.Experts is { } experts
                ? Math.Max(shape.Width, experts.LatentWidth ?? 0) * experts.Copies : 0),
            Slot.LayerInput or Slot.LayerGate => shape.LayerInputWidth,
            Slot.Scaled => shape.Blocks.Any(block => block is { Attention.InputScale: not 1 } or { Recurrence.InputScale: not 1 })
                ? shape.Width : 0,
            _ => shape.Blocks.Max(block => Width(block, slot, isJoint)),
        };
    }

    private static int Width(BlockShape block, Slot slot, bool isJoint)
    {
        var (experts, recurrence) = (block.Experts, block.Recurrence);
        return slot switch
        {
            Slot.Inner => block.Dense is { } inner ? (inner.Gated ? 2 : 1) * inner.Width : 0,
            Slot.Apart => experts is { Interleaved: true, Width: var wide } ? 2 * wide : 0,
            Slot.Router => experts?.Count ?? 0,
            Slot.ExpertInner => experts == null ? 0 : 2 * Math.Max(experts.Width, experts.SharedWidth),
            Slot.ExpertLatent or Slot.LatentMixture => experts?.LatentWidth ?? 0,
            Slot.Projected => recurrence?.ProjectedWidth ?? 0,
            Slot.Convolved => recurrence?.ConvolvedWidth ?? 0,
            Slot.Recurred => recurrence?.MixedWidth ?? 0,
            Slot.NarrowRow => (recurrence as ScanPart)?.NarrowWidth ?? 0,
            Slot.Steps => recurrence is ScanPart { StepRank: not null } scan ? scan.Heads : 0,
            _ => block.Attention == null ? 0 : Width(block.Attention, slot, isJoint),
        };
    }

    private static int Width(AttentionPart attention, Slot slot, bool isJoint) => slot switch
    {
        Slot.Query => (attention.OutputGate ? 2 : 1) * attention.QueryWidth + (isJoint ? attention.KeyWidth + attention.ValueWidth : 0),
        Slot.Key => isJoint ? 0 : attention.KeyWidth,
        Slot.Value => isJoint || attention.Latent != null ? 0 : attention.ValueWidth,
        Slot.Mixed => attention.MixedWidth,
        Slot.QueryLatent => attention.Latent?.QueryRank ?? 0,
        Slot.KeyLatent => attention.Latent is { } latent ? latent.KeyRank + latent.RotaryColumns : 0,
        Slot.KeyValue => attention.Latent is { } narrow
            ? attention.Heads * (attention.HeadSize - narrow.RotaryColumns + attention.ValueSize) : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(slot), slot, "no slot of a block"),
    };
}
