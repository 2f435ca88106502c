using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The narrow layers at a critic's end, which one kernel does whole.</summary>
/// <param name="Widths">Columns of its input, then outputs of its layers.</param>
internal sealed record CriticTail(IReadOnlyList<int> Widths)
{
    /// <summary>Weights and biases: the last ones of all.</summary>
    public int Parameters { get; } = Widths.Zip(Widths.Skip(1), (columns, rows) => (columns + 1) * rows).Sum();

    /// <summary>Multiply-adds of a row.</summary>
    public double MultiplyAdds { get; } = Widths.Zip(Widths.Skip(1), (columns, rows) => (double)columns * rows).Sum();

    /// <summary>The tail's part of a critic's parameters, or of their gradient.</summary>
    public Tensor Of(Tensor parameters) => parameters.ColumnRange(parameters.Columns - Parameters, Parameters);
}

/// <summary>The host side of kernels/critic_tail.cu: tails of any widths that fit into shared memory.</summary>
internal static class CriticTailOps
{
    /// <summary>Dynamic shared memory of a block: two of them fit on a multiprocessor from 8.0 on.</summary>
    public const int SharedBytes = 80 * 1024;

    private const int MaxLayers = 31, MaxBlocks = 264, PadColumns = 7;

    /// <summary>Rows that a block takes at a time; 0 if the layers are too large.</summary>
    public static int TileOf(CriticTail tail) =>
        tail.Widths.Count > MaxLayers + 1 ? 0 : new[] { 128, 64, 32 }.FirstOrDefault(tile => BytesOf(tail, tile) <= SharedBytes);

    /// <summary>Rows of a block: by R alone, whole tiles, as many blocks as a large GPU has at once.</summary>
    public static int Length(int pairs, int blocks, int tile) => Grid.Blocks(Grid.Blocks(pairs, blocks), tile) * tile;

    /// <summary>T of every row.</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="tail">The layers.</param>
    /// <param name="widths">(n, 1) Int32: those of the tail.</param>
    /// <param name="input">(R, w) bf16.</param>
    /// <param name="parameters">(1, P) Float32: those of the whole critic.</param>
    /// <param name="scores">(R, 1) Float32.</param>
    public static void CriticTail(this CudaQueue queue, CriticTail tail, Tensor widths, Tensor input, Tensor parameters, Tensor scores)
    {
        var (rows, tile) = (input.Rows, TileOf(tail));
        var length = Length(rows, MaxBlocks, tile);
        queue.Launch(
            KernelTable.CriticTail,
            new(Grid.Blocks(rows, length)),
            new(KernelWork.BytesOf(input) + (sizeof(float) * (double)rows), Flops: 2 * tail.MultiplyAdds * rows),
            input, input.RowStride, widths, widths.Rows - 1, tail.Of(parameters), scores, scores.RowStride, rows, length, tile);
    }

    /// <summary>The gradients by the input, over it, and by the tail's parameters.</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="tail">The layers.</param>
    /// <param name="widths">(n, 1) Int32: those of the tail.</param>
    /// <param name="input">(R, w) bf16.</param>
    /// <param name="parameters">(1, P) Float32: those of the whole critic.</param>
    /// <param name="scoreGradients">(R, 1) Float32.</param>
    /// <param name="gradient">(1, P) Float32.</param>
    public static void CriticTailGradient(
        this CudaQueue queue, CriticTail tail, Tensor widths, Tensor input, Tensor parameters, Tensor scoreGradients, Tensor gradient)
    {
        var (rows, tile) = (input.Rows, TileOf(tail));
        var length = Length(rows, MaxBlocks, tile);
        var blocks = Grid.Blocks(rows, length);
        using var held = queue.Scratch((long)blocks * tail.Parameters * sizeof(float), out var partials);
        queue.Launch(
            KernelTable.CriticTailGradient,
            new(blocks),
            new(GradientBytes(tail, input, blocks), Flops: 6 * tail.MultiplyAdds * rows),
            input, input.RowStride, widths, widths.Rows - 1, tail.Of(parameters), scoreGradients, scoreGradients.RowStride, partials,
            rows, length, tile);
        queue.SumPartials(partials, blocks, tail.Of(gradient));
    }

    /// <summary>The input is read and written, its score gradients read, and sums over rows written by every block.</summary>
    public static double GradientBytes(CriticTail tail, Tensor input, int blocks) =>
        KernelWork.BytesOf(input, input) + (sizeof(float) * (input.Rows + ((double)blocks * tail.Parameters)));

    /// <summary>Shared memory of the backward pass, as critic_tail.cu lays it out.</summary>
    private static long BytesOf(CriticTail tail, int tile)
    {
        var widths = tail.Widths;
        long floats = 32 + ((tail.Parameters + 3) / 4 * 4) + ((widths.Sum() + PadColumns) * (tile + 4L));
        for (var i = 1; i < widths.Count; i++)
            floats += ((widths[i - 1] + 1) * (Bf16Rows.Bytes(widths[i]) / 2)) + (widths[i] * (Bf16Rows.Bytes(widths[i - 1]) / 2));
        return floats * sizeof(float);
    }
}
