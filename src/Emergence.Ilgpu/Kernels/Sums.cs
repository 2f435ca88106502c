using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>Sums of rows, each by one group: some columns side by side, and if they are few, some rows at a time.</summary>
internal static class Sums
{
    public const int Threads = 64;

    /// <param name="X">(R, c).</param>
    /// <param name="Weights">(R, 1), or none.</param>
    /// <param name="Order">Rows of x in the order in which they are added; none: as they lie.</param>
    /// <param name="Starts">Segment s is rows Starts[s] .. Starts[s + 1] - 1 of the order; none: all of <paramref name="Length"/>.</param>
    /// <param name="Length">Rows of a segment if there are no starts.</param>
    /// <param name="Rows">R.</param>
    /// <param name="Y">(segments, c).</param>
    /// <param name="Columns">c.</param>
    /// <param name="Shift">2^Shift columns are side by side; at most 64.</param>
    internal readonly record struct Arguments(
        Matrix X, Matrix Weights, ArrayView<int> Order, ArrayView<int> Starts, int Length, int Rows, Matrix Y, int Columns, int Shift);

    public static void Segments(Arguments g)
    {
        var scratch = SharedMemory.Allocate<float>(Threads);
        int thread = Group.IdxX, segment = Grid.IdxX, width = 1 << g.Shift, lanes = Threads >> g.Shift;
        int lane = thread >> g.Shift, column = Grid.IdxY * width + (thread & (width - 1));
        var isBounded = g.Starts.Length > 0;
        var start = isBounded ? g.Starts[segment] : segment * g.Length;
        var end = isBounded ? g.Starts[segment + 1] : start + g.Length;
        end = end < g.Rows ? end : g.Rows;
        var sum = 0f;
        if (column < g.Columns)
        {
            for (var i = start + lane; i < end; i += lanes)
            {
                var row = g.Order.Length > 0 ? g.Order[i] : i;
                var value = g.X.At(row, column);
                sum += g.Weights.IsThere ? g.Weights.At(row, 0) * value : value;
            }
        }

        scratch[thread] = sum;
        Group.Barrier();
        for (var half = lanes / 2; half > 0; half /= 2)
        {
            if (lane < half)
                scratch[thread] += scratch[thread + half * width];
            Group.Barrier();
        }

        if (lane == 0 && column < g.Columns)
            g.Y.At(segment, column) = scratch[thread];
    }
}
