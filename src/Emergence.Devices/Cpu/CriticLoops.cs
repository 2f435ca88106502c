using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices.Cpu;

/// <summary>The innermost loops of training a critic.</summary>
internal static unsafe class CriticLoops
{
    /// <summary>Columns that are summed together: whole cache lines, in eight registers.</summary>
    public const int StripColumns = 32;

    /// <summary>Rows of a strip that are asked for before they are read: they lie too far apart for the processor to foresee.</summary>
    private const int AheadInStrip = 16;

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

    /// <summary>sums (+)= sum of rows, strip by strip.</summary>
    public static void SumRows(float* x, nint stride, int rows, int columns, float* sums, bool accumulate)
    {
        for (var column = 0; column < columns; column += StripColumns)
            SumStrip(x + column, stride, rows, Math.Min(StripColumns, columns - column), sums + column, accumulate);
    }

    /// <summary>Sums of up to 32 columns in double precision, since gradients of both signs cancel; added to sums on request.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumStrip(float* x, nint stride, int rows, int columns, float* sums, bool accumulate)
    {
        if (columns < StripColumns)
        {
            for (var c = 0; c < columns; c += Lanes.Count)
                SumVector(x + c, stride, rows, columns - c, sums + c, accumulate);
            return;
        }

        var (low0, high0) = Vector256.Widen(accumulate ? Vector256.Load(sums) : Vector256<float>.Zero);
        var (low1, high1) = Vector256.Widen(accumulate ? Vector256.Load(sums + 8) : Vector256<float>.Zero);
        var (low2, high2) = Vector256.Widen(accumulate ? Vector256.Load(sums + 16) : Vector256<float>.Zero);
        var (low3, high3) = Vector256.Widen(accumulate ? Vector256.Load(sums + 24) : Vector256<float>.Zero);
        for (var r = 0; r < rows; r++, x += stride)
        {
            Lanes.Prefetch(x + AheadInStrip * stride, StripColumns);
            Add(Vector256.Load(x), ref low0, ref high0);
            Add(Vector256.Load(x + 8), ref low1, ref high1);
            Add(Vector256.Load(x + 16), ref low2, ref high2);
            Add(Vector256.Load(x + 24), ref low3, ref high3);
        }

        Vector256.Narrow(low0, high0).Store(sums);
        Vector256.Narrow(low1, high1).Store(sums + 8);
        Vector256.Narrow(low2, high2).Store(sums + 16);
        Vector256.Narrow(low3, high3).Store(sums + 24);
    }

    // The last layer has one output: products with one row or column would cost more to pack than to make.

    /// <summary>y[r] = x[r] w + bias.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scores(Rows<float> x, int rows, int columns, float* w, float bias, Rows<float> y)
    {
        for (var r = 0; r < rows; r++)
            *y[r] = Lanes.Dot(x[r], w, columns) + bias;
    }

    /// <summary>y (+)= sum over r of delta[r] x[r].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumWeighted(Rows<float> delta, Rows<float> x, int rows, int columns, float* y, bool accumulate)
    {
        for (var c = 0; c < columns; c += Lanes.Count)
        {
            var left = columns - c;
            var sum = Vector256<float>.Zero;
            for (var r = 0; r < rows; r++)
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(*delta[r]), Lanes.Load(x[r] + c, left), sum);
            Lanes.Store(y + c, accumulate ? sum + Lanes.Load(y + c, left) : sum, left);
        }
    }

    /// <summary>x[r] = delta[r] w times the slope of the leaky ReLU whose output x[r] was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScoreInputGradient(Rows<float> delta, int rows, int columns, float* w, Rows<float> x)
    {
        for (var r = 0; r < rows; r++)
        {
            var d = Vector256.Create(*delta[r]);
            for (var c = 0; c < columns; c += Lanes.Count)
            {
                var left = columns - c;
                Lanes.Store(x[r] + c, Epilogue.Slope(Lanes.Load(x[r] + c, left), d * Lanes.Load(w + c, left)), left);
            }
        }
    }

    private static void SumVector(float* x, nint stride, int rows, int columns, float* sums, bool accumulate)
    {
        var (low, high) = Vector256.Widen(accumulate ? Lanes.Load(sums, columns) : Vector256<float>.Zero);
        for (var r = 0; r < rows; r++, x += stride)
            Add(Lanes.Load(x, columns), ref low, ref high);
        Lanes.Store(sums, Vector256.Narrow(low, high), columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector256<float> x, ref Vector256<double> low, ref Vector256<double> high)
    {
        var (first, second) = Vector256.Widen(x);
        low += first;
        high += second;
    }
}
