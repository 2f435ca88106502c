using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices;

/// <summary>
/// Sums of e^x over the components of a normal mixture, eight at a time on the host: the same bytes on every processor and for any number
/// of threads.
/// </summary>
public static class MixtureSums
{
    /// <summary>Components of a row come in multiples of this; fill up with <see cref="Nothing"/> as their weight.</summary>
    public const int Lanes = 8;

    /// <summary>Log of a weight that adds nothing.</summary>
    public const float Nothing = -1e30f;

    /// <summary>Terms below e to this are left out: 1e6 of them are below 1e-11 of the term of the component itself, which is 1.</summary>
    private const float Least = -40;

    /// <summary>Terms that are added in single precision before they go on in double.</summary>
    private const int Block = 512;

    /// <summary>
    /// Sums over b of e^(l_b - l_a +- (z.u_b - z.u_a) r - |u_b - u_a|^2 r^2 / 2): the weights of all other components at u_a +- z / r,
    /// relative to that of a.
    /// </summary>
    /// <param name="dots">z.u_b.</param>
    /// <param name="ownDot">z.u_a.</param>
    /// <param name="squares">|u_b - u_a|^2; that of a itself so large that it adds nothing.</param>
    /// <param name="logs">l_b, log of each weight.</param>
    /// <param name="ownLog">l_a.</param>
    /// <param name="inverse">r, 1 over the size of the noise.</param>
    public static (double Plus, double Minus) Of(ReadOnlySpan<float> dots, float ownDot, ReadOnlySpan<float> squares,
        ReadOnlySpan<float> logs, float ownLog, float inverse)
    {
        if (dots.Length % Lanes != 0 || squares.Length != dots.Length || logs.Length != dots.Length)
            throw new ArgumentException(
                $"expected rows of the same length, a multiple of {Lanes}; found {dots.Length}, {squares.Length} and {logs.Length}");
        var d = MemoryMarshal.Cast<float, Vector256<float>>(dots);
        var q = MemoryMarshal.Cast<float, Vector256<float>>(squares);
        var l = MemoryMarshal.Cast<float, Vector256<float>>(logs);
        var (dot, log, scale, half) = (Vector256.Create(ownDot), Vector256.Create(ownLog), Vector256.Create(inverse),
            Vector256.Create(-inverse * inverse / 2));
        var least = Vector256.Create(Least);
        var (plus, minus) = (0.0, 0.0);
        for (var start = 0; start < d.Length; start += Block / Lanes)
        {
            var (ofPlus, ofMinus) = (Vector256<float>.Zero, Vector256<float>.Zero);
            for (var i = start; i < Math.Min(d.Length, start + Block / Lanes); i++)
            {
                var middle = Vector256.FusedMultiplyAdd(q[i], half, l[i] - log);
                var along = (d[i] - dot) * scale;
                if (!Vector256.GreaterThanAny(middle + Vector256.Abs(along), least))
                    continue;
                ofPlus += VectorMath.Exp(middle + along);
                ofMinus += VectorMath.Exp(middle - along);
            }

            plus += Sum(ofPlus);
            minus += Sum(ofMinus);
        }

        return (plus, minus);
    }

    /// <summary>a.b.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var (sums, sum, i) = (Vector256<float>.Zero, 0.0, 0);
        for (; i <= a.Length - Lanes; i += Lanes)
            sums = Vector256.FusedMultiplyAdd(Vector256.Create(a[i..]), Vector256.Create(b[i..]), sums);
        for (; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum + Sum(sums);
    }

    /// <summary>|a - b|^2, by differences: the products of two far rows that lie close together would cancel.</summary>
    public static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var (sums, sum, i) = (Vector256<float>.Zero, 0.0, 0);
        for (; i <= a.Length - Lanes; i += Lanes)
        {
            var difference = Vector256.Create(a[i..]) - Vector256.Create(b[i..]);
            sums = Vector256.FusedMultiplyAdd(difference, difference, sums);
        }

        for (; i < a.Length; i++)
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return sum + Sum(sums);
    }

    /// <summary>Sum of eight lanes in an order of our own: the class library's is another where a processor lacks vectors.</summary>
    private static float Sum(Vector256<float> x)
    {
        var four = x.GetLower() + x.GetUpper();
        return (four[0] + four[1]) + (four[2] + four[3]);
    }
}
