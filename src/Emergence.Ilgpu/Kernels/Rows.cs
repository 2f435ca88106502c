using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>Rows that come from elsewhere, and heads that move within them.</summary>
internal static class Rows
{
    internal readonly record struct EmbedArguments(
        Integers Ids, Stored Table, float Scale, Matrix Y, int Accumulate, Elements Elements);

    /// <param name="Source">16-bit words: every type is some of them.</param>
    /// <param name="SourceStride">Words from a row to the next.</param>
    /// <param name="Rows">Row of the source of each row; none: its own.</param>
    /// <param name="Destination">16-bit words.</param>
    /// <param name="DestinationStride">Words from a row to the next.</param>
    /// <param name="Elements">Words.</param>
    internal readonly record struct GatherArguments(
        ArrayView<ushort> Source, int SourceStride, Integers Rows, ArrayView<ushort> Destination, int DestinationStride, Elements Elements);

    /// <param name="FromStride">Columns from a head to the next; 0 if one goes to all.</param>
    internal readonly record struct CopyHeadsArguments(
        Matrix Source, int FromStride, Matrix Destination, int ToStride, int Size, Elements Elements);

    internal readonly record struct RotateArguments(
        Matrix X, int HeadStride, Integers Positions, Matrix Cosines, Matrix Sines, int Half, int AreNeighbours, Elements Elements);

    internal readonly record struct MixArguments(Matrix X, Integers Rows, Matrix Weights, int Count, Matrix Y, Elements Elements);

    public static void Embed(EmbedArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var value = g.Scale * g.Table.At(g.Ids.At(row), column);
        g.Y.At(row, column) = g.Accumulate != 0 ? value + g.Y.At(row, column) : value;
    }

    public static void GatherRows(GatherArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var from = g.Rows.IsThere ? g.Rows.At(row) : row;
        g.Destination[(long)row * g.DestinationStride + column] = g.Source[(long)from * g.SourceStride + column];
    }

    public static void CopyHeads(CopyHeadsArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        int head = column / g.Size, i = column % g.Size;
        g.Destination.At(row, head * g.ToStride + i) = g.Source.At(row, head * g.FromStride + i);
    }

    /// <summary>An element is a pair of columns of one head.</summary>
    public static void Rotate(RotateArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        int head = column / g.Half, i = column % g.Half, position = g.Positions.At(row);
        var first = head * g.HeadStride + (g.AreNeighbours != 0 ? 2 * i : i);
        var second = first + (g.AreNeighbours != 0 ? 1 : g.Half);
        float cosine = g.Cosines.At(position, i), sine = g.Sines.At(position, i);
        float x = g.X.At(row, first), y = g.X.At(row, second);
        g.X.At(row, first) = x * cosine - y * sine;
        g.X.At(row, second) = y * cosine + x * sine;
    }

    public static void MixRows(MixArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var sum = 0f;
        for (var j = 0; j < g.Count; j++)
            sum += g.Weights.At(row, j) * g.X.At(g.Rows.At(row, j), column);
        g.Y.At(row, column) = sum;
    }
}
