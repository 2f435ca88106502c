using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>
/// Causal attention over the paths of a forest: a group of 64 threads for each row and head. The path is taken from the row itself
/// towards the root, in pieces of 64 positions, one a thread: paths of up to 64 tokens are one piece, longer ones go on with a
/// running maximum.
/// </summary>
internal static class Paths
{
    public const int Threads = Norms.Threads;

    /// <param name="Group">Query heads that read the same key head.</param>
    internal readonly record struct Arguments(
        Matrix Q, Matrix K, Matrix V, Integers Parents, Matrix Y, Integers Positions, Matrix Bias, Matrix Scales, Matrix Sinks,
        int QueryStride, int KeyStride, int ValueStride, int Group, int Size, int ValueSize, float Scale, int Window, float SoftCap);

    public static void Attention(Arguments g)
    {
        var path = SharedMemory.Allocate<int>(Threads + 1);
        var weights = SharedMemory.Allocate<float>(Threads);
        var maxima = SharedMemory.Allocate<float>(Threads);
        var sums = SharedMemory.Allocate<float>(Threads);
        int thread = Group.IdxX, row = Grid.IdxX, head = Grid.IdxY;
        int keyColumn = head / g.Group * g.KeyStride, valueColumn = head / g.Group * g.ValueStride;

        // A sink is a further score, whose weight counts and whose value is nothing.
        var max = g.Sinks.IsThere ? g.Sinks.At(0, head) : float.NegativeInfinity;
        var total = g.Sinks.IsThere ? 1f : 0f;
        int next = row, seen = 0;
        while (next >= 0)
        {
            if (thread == 0)
                Walk(g, path, next, seen);
            Group.Barrier();
            var own = path[thread];
            next = path[Threads];
            var score = own >= 0 ? Score(g, row, head, own, keyColumn) : float.NegativeInfinity;
            var newMax = Larger(max, MaxOfGroup(maxima, thread, score));
            var weight = own >= 0 ? Functions.Exp(score - newMax) : 0;
            var shrink = Functions.Exp(max - newMax);
            weights[thread] = weight;
            total = total * shrink + Norms.SumOfGroup(sums, thread, weight);
            max = newMax;
            for (var c = thread; c < g.ValueSize; c += Threads)
            {
                var sum = 0f;
                for (var j = 0; j < Threads && path[j] >= 0; j++)
                    sum += weights[j] * g.V.At(path[j], valueColumn + c);
                var at = head * g.ValueSize + c;
                if (seen > 0)
                    sum += g.Y.At(row, at) * shrink;
                g.Y.At(row, at) = next < 0 ? sum / total : sum;
            }

            seen += Threads;
            Group.Barrier();
        }
    }

    /// <summary>The next positions of the path; -1 behind its end, and last where it goes on.</summary>
    private static void Walk(Arguments g, ArrayView<int> path, int start, int seen)
    {
        var at = start;
        for (var j = 0; j < Threads; j++)
        {
            path[j] = at;
            if (at >= 0)
                at = g.Window > 0 && seen + j + 1 >= g.Window ? -1 : g.Parents.At(at);
        }

        path[Threads] = at;
    }

    private static float Score(Arguments g, int row, int head, int other, int keyColumn)
    {
        var dot = 0f;
        for (var i = 0; i < g.Size; i++)
            dot += g.Q.At(row, head * g.QueryStride + i) * g.K.At(other, keyColumn + i);
        var score = g.Scale * dot;
        if (g.Scales.IsThere)
            score *= g.Scales.At(g.Positions.At(row), 0);
        if (g.SoftCap > 0)
            score = g.SoftCap * Functions.Tanh(score / g.SoftCap);
        if (g.Bias.IsThere)
            score += g.Bias.At(g.Positions.At(other), head) - g.Bias.At(g.Positions.At(row), head);
        return score;
    }

    private static float Larger(float x, float y) => y > x ? y : x;

    /// <summary>As <see cref="Norms.SumOfGroup"/>.</summary>
    private static float MaxOfGroup(ArrayView<float> scratch, int thread, float value)
    {
        scratch[thread] = value;
        Group.Barrier();
        for (var half = Threads / 2; half > 0; half /= 2)
        {
            if (thread < half)
                scratch[thread] = Larger(scratch[thread], scratch[thread + half]);
            Group.Barrier();
        }

        return scratch[0];
    }
}
