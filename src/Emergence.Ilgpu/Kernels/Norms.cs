using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>Norms of rows: a group of threads a row.</summary>
internal static class Norms
{
    public const int Threads = 64;

    internal readonly record struct Arguments(
        Matrix X, Stored Weight, Stored Bias, float Epsilon, Matrix Y, Matrix Residual, int Columns);

    public static void LayerNorm(Arguments g)
    {
        var scratch = SharedMemory.Allocate<float>(Threads);
        var other = SharedMemory.Allocate<float>(Threads);
        int thread = Group.IdxX, row = Grid.IdxX;
        var sum = 0f;
        for (var c = thread; c < g.Columns; c += Threads)
            sum += g.X.At(row, c);
        var mean = SumOfGroup(scratch, thread, sum) / g.Columns;
        var squares = 0f;
        for (var c = thread; c < g.Columns; c += Threads)
            squares += (g.X.At(row, c) - mean) * (g.X.At(row, c) - mean);
        Write(g, row, thread, mean, 1 / MathF.Sqrt(SumOfGroup(other, thread, squares) / g.Columns + g.Epsilon));
    }

    public static void RmsNorm(Arguments g)
    {
        var scratch = SharedMemory.Allocate<float>(Threads);
        int thread = Group.IdxX, row = Grid.IdxX;
        var squares = 0f;
        for (var c = thread; c < g.Columns; c += Threads)
            squares += g.X.At(row, c) * g.X.At(row, c);
        Write(g, row, thread, 0, 1 / MathF.Sqrt(SumOfGroup(scratch, thread, squares) / g.Columns + g.Epsilon));
    }

    private static void Write(Arguments g, int row, int thread, float mean, float scale)
    {
        for (var c = thread; c < g.Columns; c += Threads)
        {
            var value = (g.X.At(row, c) - mean) * scale;
            if (g.Weight.IsThere)
                value *= g.Weight.At(0, c);
            if (g.Bias.IsThere)
                value += g.Bias.At(0, c);
            if (g.Residual.IsThere)
                value += g.Residual.At(row, c);
            g.Y.At(row, c) = value;
        }
    }

    /// <summary>
    /// The sum over a group of 64 threads, in a tree; every thread calls it and gets it. The memory may be written again only after a
    /// barrier that follows the use of the sum: ILGPU moves a read towards its use, even behind a barrier.
    /// </summary>
    internal static float SumOfGroup(ArrayView<float> scratch, int thread, float value)
    {
        scratch[thread] = value;
        Group.Barrier();
        for (var half = Threads / 2; half > 0; half /= 2)
        {
            if (thread < half)
                scratch[thread] += scratch[thread + half];
            Group.Barrier();
        }

        return scratch[0];
    }
}
