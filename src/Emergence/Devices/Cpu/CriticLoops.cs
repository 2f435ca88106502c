using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices.Cpu;

/// <summary>The innermost loops of training a critic.</summary>
internal static unsafe class CriticLoops
{
    /// <summary>x^n by squaring.</summary>
    public static double Power(double x, int n)
    {
        var power = 1.0;
        for (; n > 0; n >>= 1, x *= x)
            power *= (n & 1) == 1 ? x : 1;
        return power;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AdamRange(float* w, float* g, float* m, float* v, int count, float scale, float root)
    {
        var (beta1, beta2, epsilon) = (Vector256.Create(0.9f), Vector256.Create(0.999f), Vector256.Create(1e-8f));
        var (rest1, rest2) = (Vector256.Create(0.1f), Vector256.Create(0.001f));
        var (minusRate, root2) = (Vector256.Create(-scale), Vector256.Create(root));
        for (var i = 0; i < count; i += Lanes.Count)
        {
            var left = count - i;
            var gradient = Lanes.Load(g + i, left);
            var mean = Vector256.FusedMultiplyAdd(beta1, Lanes.Load(m + i, left), rest1 * gradient);
            var square = Vector256.FusedMultiplyAdd(beta2, Lanes.Load(v + i, left), rest2 * gradient * gradient);
            Lanes.Store(m + i, mean, left);
            Lanes.Store(v + i, square, left);
            var divisor = Vector256.FusedMultiplyAdd(Vector256.Sqrt(square), root2, epsilon);
            Lanes.Store(w + i, Vector256.FusedMultiplyAdd(minusRate, mean / divisor, Lanes.Load(w + i, left)), left);
        }
    }

    /// <summary>y = leaky(x + z).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddPair(float* x, float* z, float* y, int columns)
    {
        for (var c = 0; c < columns; c += Lanes.Count)
            Lanes.Store(y + c, VectorMath.LeakyRelu(Lanes.Load(x + c, columns - c) + Lanes.Load(z + c, columns - c)), columns - c);
    }

    /// <summary>Sums of up to eight columns in double precision, since gradients of both signs cancel; added to sums on request.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumStrip(float* x, nint stride, int rows, int columns, float* sums, bool accumulate)
    {
        var (low, high) = Vector256.Widen(accumulate ? Lanes.Load(sums, columns) : Vector256<float>.Zero);
        for (var r = 0; r < rows; r++, x += stride)
        {
            var (first, second) = Vector256.Widen(Lanes.Load(x, columns));
            low += first;
            high += second;
        }

        Lanes.Store(sums, Vector256.Narrow(low, high), columns);
    }

    /// <summary>sums[index[r]] += x[r], in the order of r.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScatterAdd(float* x, nint stride, int* index, nint indexStride, int rows, int columns, float* sums, nint strideSums)
    {
        for (var r = 0; r < rows; r++, x += stride)
        {
            var to = sums + index[r * indexStride] * strideSums;
            for (var c = 0; c < columns; c += Lanes.Count)
                Lanes.Store(to + c, Lanes.Load(to + c, columns - c) + Lanes.Load(x + c, columns - c), columns - c);
        }
    }
}
