using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>A matrix of which rows are taken by their numbers: those of tokens.</summary>
internal abstract class RowTable
{
    public abstract int Columns { get; }

    /// <summary>All rows, if they are in memory.</summary>
    public abstract Tensor? Whole { get; }

    /// <summary>y[n] = scale * row[ids[n]], added to y if <paramref name="accumulate"/>.</summary>
    /// <param name="device">Holds the others.</param>
    /// <param name="ids">(N, 1).</param>
    /// <param name="scale">Factor.</param>
    /// <param name="y">(N, c).</param>
    /// <param name="accumulate">Add to what y holds.</param>
    public abstract void Embed(Device device, Tensor ids, float scale, Tensor y, bool accumulate = false);

    /// <summary>Columns start .. start + count - 1 of every row.</summary>
    public abstract RowTable ColumnRange(int start, int count);
}

/// <summary>One that is in memory.</summary>
internal sealed class WholeTable(Tensor table) : RowTable
{
    public override int Columns => table.Columns;

    public override Tensor Whole => table;

    public override void Embed(Device device, Tensor ids, float scale, Tensor y, bool accumulate = false) =>
        device.Embed(ids, table, scale, y, accumulate);

    public override RowTable ColumnRange(int start, int count) => new WholeTable(table.ColumnRange(start, count));
}

/// <summary>One of which only the rows that occur are read.</summary>
internal sealed class NeededTable(NeededRows rows, int start, int columns) : RowTable
{
    public override int Columns => columns;

    public override Tensor? Whole => null;

    public override void Embed(Device device, Tensor ids, float scale, Tensor y, bool accumulate = false)
    {
        if (ids.Rows == 0)
            return;
        using var places = rows.Places(ids);
        device.Embed(places, rows.Held.ColumnRange(start, columns), scale, y, accumulate);
    }

    public override RowTable ColumnRange(int start1, int count) => new NeededTable(rows, start + start1, count);
}
