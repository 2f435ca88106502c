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

    /// <summary>y[r] = x[r] w, four rows side by side, each summed as <see cref="Lanes.Dot"/> does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WeighRows(Rows<float> x, int start, int end, int columns, float* w, Rows<float> y)
    {
        var r = start;
        for (; r <= end - 4; r += 4)
        {
            var x0 = x[r];
            var x1 = x[r + 1];
            var x2 = x[r + 2];
            var x3 = x[r + 3];
            var (s0, s1, s2, s3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            for (var c = 0; c < columns; c += Lanes.Count)
            {
                var left = columns - c;
                var weight = Lanes.Load(w + c, left);
                s0 = Vector256.FusedMultiplyAdd(Lanes.Load(x0 + c, left), weight, s0);
                s1 = Vector256.FusedMultiplyAdd(Lanes.Load(x1 + c, left), weight, s1);
                s2 = Vector256.FusedMultiplyAdd(Lanes.Load(x2 + c, left), weight, s2);
                s3 = Vector256.FusedMultiplyAdd(Lanes.Load(x3 + c, left), weight, s3);
            }

            (*y[r], *y[r + 1], *y[r + 2], *y[r + 3]) = (Lanes.Sum(s0), Lanes.Sum(s1), Lanes.Sum(s2), Lanes.Sum(s3));
        }

        for (; r < end; r++)
            *y[r] = Lanes.Dot(x[r], w, columns);
    }

    /// <summary>Columns of <see cref="SumWeightedStrip"/> at most.</summary>
    public const int WeighedColumns = 64;

    /// <summary>y = sum over r of weights[r] x[r], for up to 64 columns from one on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumWeightedStrip(Rows<float> weights, Rows<float> x, int rows, int column, int columns, float* y)
    {
        if (columns < WeighedColumns)
        {
            for (var c = column; c < column + columns; c += Lanes.Count)
                SumWeightedVector(weights, x, rows, c, column + columns - c, y);
            return;
        }

        var (s0, s1, s2, s3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
        var (s4, s5, s6, s7) = (s0, s0, s0, s0);
        for (var r = 0; r < rows; r++)
        {
            var row = x[r] + column;
            var weight = Vector256.Create(*weights[r]);
            s0 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row), s0);
            s1 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 8), s1);
            s2 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 16), s2);
            s3 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 24), s3);
            s4 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 32), s4);
            s5 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 40), s5);
            s6 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 48), s6);
            s7 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 56), s7);
        }

        y += column;
        s0.Store(y);
        s1.Store(y + 8);
        s2.Store(y + 16);
        s3.Store(y + 24);
        s4.Store(y + 32);
        s5.Store(y + 40);
        s6.Store(y + 48);
        s7.Store(y + 56);
    }

    private static void SumWeightedVector(Rows<float> weights, Rows<float> x, int rows, int column, int left, float* y)
    {
        var sum = Vector256<float>.Zero;
        for (var r = 0; r < rows; r++)
            sum = Vector256.FusedMultiplyAdd(Vector256.Create(*weights[r]), Lanes.Load(x[r] + column, left), sum);
        Lanes.Store(y + column, sum, left);
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
