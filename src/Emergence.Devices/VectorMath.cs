using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices;

/// <summary>
/// Functions of eight floats or four doubles in adds, multiplies, fused multiply-adds, divisions and bit operations
/// only: the same bytes on every processor. NaN goes through. Errors are relative to the true value, in units of
/// 2^-24 (2^-53 for doubles), over the whole range where the result is a normal number.
/// </summary>
internal static class VectorMath
{
    private const float Log2E = 1.44269504f;

    /// <summary>ln 2 = High + Low; High has 12 zero bits at its end, so that n High is exact for every exponent n.</summary>
    private const float Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;

    /// <summary>e^x, error below 2 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        var (n, r, p) = Reduce(Clamp(x));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<float>.One);
        var half = Vector256.ShiftRightArithmetic(n, 1);
        return p * PowerOfTwo(half) * PowerOfTwo(n - half);
    }

    /// <summary>tanh(x) = (e^2x - 1) / (e^2x + 1), error below 6 units, near zero too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Tanh(Vector256<float> x)
    {
        var sign = x & Vector256.Create(-0f);
        var (n, r, p) = Reduce(Vector256.MinNative(Vector256.Create(40f), Vector256.Abs(x + x)));
        var scale = PowerOfTwo(n);
        var expMinusOne = Vector256.FusedMultiplyAdd(scale, p * r, scale - Vector256<float>.One);
        return (expMinusOne / (expMinusOne + Vector256.Create(2f))) | sign;
    }

    /// <summary>e^x - 1 for x up to 80, error below 4 units, near zero too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ExpMinusOne(Vector256<float> x)
    {
        var (n, r, p) = Reduce(Vector256.MaxNative(Vector256.Create(-80f), Vector256.MinNative(Vector256.Create(80f), x)));
        var scale = PowerOfTwo(n);
        return Vector256.FusedMultiplyAdd(scale, p * r, scale - Vector256<float>.One);
    }

    /// <summary>x Phi(x), error below 24 units of max(result, 2^-126).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> GeluErf(Vector256<float> x)
    {
        // erfc(z) = e^(-z^2) P(t), t = 1 / (1 + z / 2): P fitted (Remez-like, on Chebyshev nodes) to 1.4e-8 for z <= 10.9.
        var z = Vector256.MinNative(Vector256.Create(10.5f), Vector256.Abs(x) * Vector256.Create(0.70710678f));
        var t = Vector256<float>.One / Vector256.FusedMultiplyAdd(z, Vector256.Create(0.5f), Vector256<float>.One);
        var p = Vector256.Create(-0.0491681778625f);
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(0.234247535697f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(-0.377439484838f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(0.143744670593f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(0.0746400243964f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(0.154104311556f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(0.257879509641f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(0.279637382619f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(0.282366217812f));
        p = Vector256.FusedMultiplyAdd(p, t, Vector256.Create(-1.20028877466e-5f));

        // The rounding of x^2 / 2 would cost 40 units in the tail: put its remainder back.
        var bounded = z * Vector256.Create(1.41421356f);
        var square = bounded * bounded;
        var rest = Vector256.FusedMultiplyAdd(bounded, bounded, -square);
        var tail = Exp(square * Vector256.Create(-0.5f)) * Vector256.FusedMultiplyAdd(rest, Vector256.Create(-0.5f), Vector256<float>.One);
        var half = p * tail * Vector256.Create(0.5f);
        return x * Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<float>.Zero), Vector256<float>.One - half, half);
    }

    /// <summary>0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) = x / (1 + e^(-2u)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> GeluTanh(Vector256<float> x)
    {
        var twice = x * Vector256.FusedMultiplyAdd(x * x, Vector256.Create(-0.0713548163f), Vector256.Create(-1.59576912f));
        return x / (Vector256<float>.One + Exp(twice));
    }

    /// <summary>x / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Silu(Vector256<float> x) => x / (Vector256<float>.One + Exp(-x));

    /// <summary>x for x &gt; 0, else 0.01 x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LeakyRelu(Vector256<float> x) => Vector256.MaxNative(x * Vector256.Create((float)Device.LeakySlope), x);

    /// <summary>e^x, error below 2 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Exp(Vector256<double> x)
    {
        // ln 2 = High + Low with 21 zero bits at the end of High; Taylor's series to r^13 is good to 2^-57 for |r| <= ln 2 / 2.
        x = Vector256.MaxNative(Vector256.Create(-746.0), Vector256.MinNative(Vector256.Create(710.0), x));
        var n = Vector256.Round(x * Vector256.Create(1.4426950408889634));
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-0.693147180369123816490), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-1.90821492927058770002e-10), r);
        var p = Vector256.Create(1.0 / 6227020800);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 479001600));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 39916800));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 3628800));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 362880));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 40320));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 5040));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 720));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 120));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 24));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.0 / 6));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(0.5));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<double>.One);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<double>.One);

        // Two factors reach the subnormal results.
        var half = Vector256.Floor(n * Vector256.Create(0.5));
        return p * PowerOfTwo(half) * PowerOfTwo(n - half);
    }

    /// <summary>ln x for x &gt; 0, error below 2 units of max(|ln x|, 1).</summary>
    public static double Log(double x)
    {
        if (!(x > 0) || !double.IsFinite(x))
            return x == 0 ? double.NegativeInfinity : x > 0 ? x : double.NaN;
        var exponent = Math.ILogB(x);
        var mantissa = Math.ScaleB(x, -exponent);
        if (mantissa > 1.4142135623730951)
            (mantissa, exponent) = (mantissa / 2, exponent + 1);

        // ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| <= 0.172: s^25 is below 2^-63.
        var s = (mantissa - 1) / (mantissa + 1);
        var series = 0.0;
        for (var k = 23; k >= 1; k -= 2)
            series = Math.FusedMultiplyAdd(series, s * s, 1.0 / k);
        return Math.FusedMultiplyAdd(exponent, 0.69314718055994531, 2 * s * series);
    }

    /// <summary>x = n ln 2 + r, and p with e^r = 1 + r p (Taylor's series, good to 2^-27 for |r| &lt;= ln 2 / 2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<int> N, Vector256<float> R, Vector256<float> P) Reduce(Vector256<float> x)
    {
        var n = Vector256.Round(x * Vector256.Create(Log2E));
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2High), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2Low), r);
        var p = Vector256.Create(1f / 5040);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 720));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 120));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 24));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 6));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(0.5f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<float>.One);
        return (Vector256.ConvertToInt32Native(n), r, p);
    }

    /// <summary>To where e^x is neither 0 nor infinite by more than one step; NaN stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Clamp(Vector256<float> x) =>
        Vector256.MaxNative(Vector256.Create(-105f), Vector256.MinNative(Vector256.Create(89.5f), x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> PowerOfTwo(Vector256<int> n) => Vector256.ShiftLeft(n + Vector256.Create(127), 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> PowerOfTwo(Vector256<double> n)
    {
        // n + 1023 + 1.5 * 2^52 holds n + 1023 in its low bits; the shift drops the others.
        return Vector256.ShiftLeft((n + Vector256.Create(6755399441055744.0 + 1023)).AsInt64(), 52).AsDouble();
    }
}
