using Emergence.Devices;
using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>What some rows, or all, know of the Donsker-Varadhan objective.</summary>
internal struct Partition
{
    /// <summary>sum p T; max T where q &gt; 0; sum q e^(T - Max); max |T|; number of T that are not finite.</summary>
    public double Joint, Max, Sum, Largest, Bad;

    public static Partition None => new() { Max = double.NegativeInfinity };

    public readonly CriticValue Value => new(Joint, Max + Math.Log(Sum), Largest, (int)Bad);

    public static Partition Of(float score, float joint, float marginal)
    {
        // By bits: what a compiler of a device makes of comparisons with what is not a number is its own affair.
        const uint Exponent = 0x7f800000;
        var isFinite = (Interop.FloatAsInt(score) & Exponent) != Exponent;
        double t = score, size = t < 0 ? -t : t;
        return new()
        {
            Joint = joint != 0 ? joint * t : 0,
            Max = marginal > 0 && isFinite ? t : double.NegativeInfinity,
            Sum = marginal == 0 ? 0 : isFinite ? marginal : t < 0 ? 0 : t - t,
            Largest = size > 0 ? size : 0,
            Bad = isFinite ? 0 : 1,
        };
    }

    /// <summary>A side without any weight has the maximum -infinity and the sum 0.</summary>
    public static Partition Join(Partition a, Partition b)
    {
        var max = b.Max > a.Max ? b.Max : a.Max;
        return new()
        {
            Joint = a.Joint + b.Joint,
            Max = max,
            Sum = (a.Max == max ? a.Sum : a.Sum * Functions.Exp(a.Max - max)) + (b.Max == max ? b.Sum : b.Sum * Functions.Exp(b.Max - max)),
            Largest = b.Largest > a.Largest ? b.Largest : a.Largest,
            Bad = a.Bad + b.Bad,
        };
    }

    /// <summary>Gradient of -V / ln 2 by a score: (q e^(T - Max) / Sum - p) / ln 2.</summary>
    public static float Gradient(float score, float joint, float marginal, double max, double sum)
    {
        var share = marginal != 0 ? marginal * Functions.Exp(score - max) / sum : 0;
        return (float)((share - joint) * 1.4426950408889634);
    }
}

/// <summary>
/// The Donsker-Varadhan objective and the optimizer. Sums over the pairs are kept in double: the value of a step is a difference of
/// two of them.
/// </summary>
internal static class Objective
{
    public const int Threads = 256, PartLength = 1024;

    /// <param name="Parts">One for each <see cref="PartLength"/> rows.</param>
    internal readonly record struct Arguments(Matrix Scores, Matrix Joint, Matrix Marginal, ArrayView<Partition> Parts, int Rows);

    internal readonly record struct GradientArguments(
        Matrix Scores, Matrix Joint, Matrix Marginal, double Max, double Sum, Matrix Gradient, int Rows);

    /// <param name="FirstScale">rate / (1 - 0.9^step).</param>
    /// <param name="SecondScale">1 / (1 - 0.999^step).</param>
    internal readonly record struct AdamArguments(
        Matrix Parameters, Matrix Gradient, Matrix First, Matrix Second, float FirstScale, float SecondScale, int Count);

    public static void DonskerVaradhan(Arguments g)
    {
        var scratch = SharedMemory.Allocate<Partition>(Threads);
        int thread = Group.IdxX, start = Grid.IdxX * PartLength;
        var end = start + PartLength < g.Rows ? start + PartLength : g.Rows;
        var own = Partition.None;
        for (var row = start + thread; row < end; row += Threads)
            own = Partition.Join(own, Partition.Of(g.Scores.At(row, 0), g.Joint.At(row, 0), g.Marginal.At(row, 0)));
        scratch[thread] = own;
        Group.Barrier();
        for (var half = Threads / 2; half > 0; half /= 2)
        {
            if (thread < half)
                scratch[thread] = Partition.Join(scratch[thread], scratch[thread + half]);
            Group.Barrier();
        }

        if (thread == 0)
            g.Parts[Grid.IdxX] = scratch[0];
    }

    public static void DonskerVaradhanGradient(GradientArguments g)
    {
        var row = Grid.IdxX * Threads + Group.IdxX;
        if (row < g.Rows)
        {
            g.Gradient.At(row, 0) = Partition.Gradient(
                g.Scores.At(row, 0), g.Joint.At(row, 0), g.Marginal.At(row, 0), g.Max, g.Sum);
        }
    }

    public static void Adam(AdamArguments g)
    {
        var i = Grid.IdxX * Threads + Group.IdxX;
        if (i >= g.Count)
            return;
        var gradient = g.Gradient.At(0, i);
        var first = 0.1f * gradient + 0.9f * g.First.At(0, i);
        var second = 0.001f * gradient * gradient + 0.999f * g.Second.At(0, i);
        g.First.At(0, i) = first;
        g.Second.At(0, i) = second;
        g.Parameters.At(0, i) -= g.FirstScale * first / (MathF.Sqrt(g.SecondScale * second) + 1e-8f);
    }
}
