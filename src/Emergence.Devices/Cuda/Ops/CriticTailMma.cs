using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>The host side of kernels/critic_tail_mma.cu: tails like the published one, on tensor cores.</summary>
internal static class CriticTailMmaOps
{
    /// <summary>
    /// Dynamic shared memory of a block of the backward pass: weights, biases, and what four warps stage; three blocks fit on a
    /// multiprocessor.
    /// </summary>
    public const int SharedBytes = 4 * (4672 + 72 + (4 * 68 * 32));

    private const int MaxBlocks = 396, Tile = 128;
    private static readonly int[] s_most = [48, 24, 15, 7, 7, 1];

    /// <summary>Whether these kernels can do it; those of critic_tail.cu do any other.</summary>
    public static bool Fits(CriticTail tail) =>
        tail.Widths.Count == s_most.Length && tail.Widths[0] % Bf16Rows.Unit == 0
        && tail.Widths.Zip(s_most).All(width => width.First <= width.Second);

    /// <summary>T of every row, from the arguments of <see cref="CriticTailOps.CriticTail"/>.</summary>
    public static void CriticTailMma(
        this CudaQueue queue, CriticTail tail, Tensor widths, Tensor input, Tensor parameters, Tensor scores)
    {
        var rows = input.Rows;
        var length = CriticTailOps.Length(rows, MaxBlocks, Tile);
        queue.Launch(
            KernelTable.CriticTailMma,
            new(Grid.Blocks(rows, length)),
            new(KernelWork.BytesOf(input) + (sizeof(float) * (double)rows), TensorFlops: 2 * tail.MultiplyAdds * rows),
            input, input.RowStride, widths, tail.Of(parameters), scores, scores.RowStride, rows, length);
    }

    /// <summary>The gradients, from the arguments of <see cref="CriticTailOps.CriticTailGradient"/>.</summary>
    public static void CriticTailMmaGradient(
        this CudaQueue queue, CriticTail tail, Tensor widths, Tensor input, Tensor parameters, Tensor scoreGradients, Tensor gradient)
    {
        var rows = input.Rows;
        var length = CriticTailOps.Length(rows, MaxBlocks, Tile);
        var blocks = Grid.Blocks(rows, length);
        using var held = queue.Scratch((long)blocks * tail.Parameters * sizeof(float), out var partials);

        // What single precision would take; tensor cores take several products of thirds for one.
        queue.Launch(
            KernelTable.CriticTailMmaGradient,
            new(blocks),
            new(CriticTailOps.GradientBytes(tail, input, blocks), TensorFlops: 6 * tail.MultiplyAdds * rows),
            input, input.RowStride, widths, tail.Of(parameters), scoreGradients, scoreGradients.RowStride, partials, rows, length);
        queue.SumPartials(partials, blocks, tail.Of(gradient));
    }
}
