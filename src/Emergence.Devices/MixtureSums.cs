using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices;

/// <summary>
/// Sums of e^x over the components of a normal mixture, eight at a time on the host: the same bytes on every processor and for any number
/// of threads.
/// </summary>
public static class MixtureSums
{
    private const int Lanes = 8;

    /// <summary>Log of a weight that adds nothing, for lanes without a component.</summary>
    private const float Nothing = -1e30f;

    /// <summary>Terms below e to this are left out: 1e6 of them are below 1e-11 of the term of the component itself, which is 1.</summary>
    private const float Least = -40;

    /// <summary>Terms that are added in single precision before they go on in double.</summary>
    private const int Block = 512;

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

    /// <summary>
    /// Sums over k of e^(l_k - l_a +- (z.u_k - z.u_a) r - |u_k - u_a|^2 r^2 / 2): the weights of all other components at u_a +- z / r,
    /// relative to that of a.
    /// </summary>
    /// <param name="dots">z.u_k; empty: all are 0.</param>
    /// <param name="ownDot">z.u_a.</param>
    /// <param name="squares">|u_k - u_a|^2; that of a itself is infinite.</param>
    /// <param name="logs">l_k, log of each weight.</param>
    /// <param name="ownLog">l_a.</param>
    /// <param name="inverse">r, 1 over the size of the noise.</param>
    internal static (double Plus, double Minus) Of(ReadOnlySpan<float> dots, float ownDot, ReadOnlySpan<float> squares,
        ReadOnlySpan<float> logs, float ownLog, float inverse)
    {
        var whole = squares.Length / Lanes * Lanes;
        var q = MemoryMarshal.Cast<float, Vector256<float>>(squares[..whole]);
        var l = MemoryMarshal.Cast<float, Vector256<float>>(logs[..whole]);
        var d = MemoryMarshal.Cast<float, Vector256<float>>(dots.IsEmpty ? dots : dots[..whole]);
        var (dot, log, scale, half) = (Vector256.Create(ownDot), Vector256.Create(ownLog), Vector256.Create(inverse),
            Vector256.Create(-inverse * inverse / 2));
        var least = Vector256.Create(Least);
        var (plus, minus) = (0.0, 0.0);
        for (var start = 0; start < q.Length; start += Block / Lanes)
        {
            var (ofPlus, ofMinus) = (Vector256<float>.Zero, Vector256<float>.Zero);
            for (var i = start; i < Math.Min(q.Length, start + Block / Lanes); i++)
                Add(d.IsEmpty ? Vector256<float>.Zero : d[i], q[i], l[i], ref ofPlus, ref ofMinus);
            plus += Sum(ofPlus);
            minus += Sum(ofMinus);
        }

        if (whole < squares.Length)
        {
            Span<float> rest = stackalloc float[3 * Lanes];
            rest.Clear();
            rest[(2 * Lanes)..].Fill(Nothing);
            if (!dots.IsEmpty)
                dots[whole..].CopyTo(rest);
            squares[whole..].CopyTo(rest[Lanes..]);
            logs[whole..].CopyTo(rest[(2 * Lanes)..]);
            var (ofPlus, ofMinus) = (Vector256<float>.Zero, Vector256<float>.Zero);
            Add(Vector256.Create<float>(rest), Vector256.Create<float>(rest[Lanes..]), Vector256.Create<float>(rest[(2 * Lanes)..]),
                ref ofPlus, ref ofMinus);
            plus += Sum(ofPlus);
            minus += Sum(ofMinus);
        }

        return (plus, minus);

        void Add(Vector256<float> dotsOf, Vector256<float> squaresOf, Vector256<float> logsOf, ref Vector256<float> ofPlus,
            ref Vector256<float> ofMinus)
        {
            var middle = Vector256.FusedMultiplyAdd(squaresOf, half, logsOf - log);
            var along = (dotsOf - dot) * scale;

            // What is not a number is not below anything, and is seen in the sum.
            if (Vector256.LessThanAll(middle + Vector256.Abs(along), least))
                return;
            ofPlus += VectorMath.Exp(middle + along);
            ofMinus += VectorMath.Exp(middle - along);
        }
    }

    /// <summary>|a - b|^2, by differences.</summary>
    internal static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
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

    /// <summary>Sum of eight lanes in an order of our own: the class library's is another if a processor lacks vectors.</summary>
    private static float Sum(Vector256<float> x)
    {
        var four = x.GetLower() + x.GetUpper();
        return (four[0] + four[1]) + (four[2] + four[3]);
    }
}
