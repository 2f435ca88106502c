using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Emergence.Information.Canonical;

/// <summary>Classes of a side in canonical coordinates, each of which is scaled by what it is worth.</summary>
internal sealed class ScaledClasses
{
    private readonly float[] _values;

    /// <param name="coordinates">(K, R).</param>
    /// <param name="correlations">(R).</param>
    public ScaledClasses(float[] coordinates, IReadOnlyList<double> correlations)
    {
        float[] scales = [.. correlations.Select(correlation => (float)CanonicalStart.Reliability(correlation))];
        (Columns, Count, _values) = (scales.Length, coordinates.Length / scales.Length, new float[coordinates.Length]);
        for (var start = 0; start < _values.Length; start += Columns)
        {
            for (var c = 0; c < Columns; c++)
                _values[start + c] = coordinates[start + c] * scales[c];
        }
    }

    /// <summary>R.</summary>
    public int Columns { get; }

    /// <summary>K.</summary>
    public int Count { get; }

    public ReadOnlySpan<float> Of(int k) => _values.AsSpan(k * Columns, Columns);

    /// <summary>To compare so many rows with so many classes.</summary>
    public double MultiplyAdds(long rows, long classes) => (double)rows * classes * Columns;

    /// <summary>Squared distance of two rows: eight chains, added up in a fixed order, whatever the processor.</summary>
    public static float Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var (sum, i) = (Vector256<float>.Zero, 0);
        for (; i <= a.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var difference = Vector256.Create(a[i..]) - Vector256.Create(b[i..]);
            sum = Vector256.FusedMultiplyAdd(difference, difference, sum);
        }

        var four = sum.GetLower() + sum.GetUpper();
        var total = four[0] + four[2] + (four[1] + four[3]);
        for (; i < a.Length; i++)
            total = MathF.FusedMultiplyAdd(a[i] - b[i], a[i] - b[i], total);
        return total;
    }

    /// <summary>Puts some classes side by side.</summary>
    /// <param name="classes">Some.</param>
    /// <param name="to">(R, width).</param>
    /// <param name="width">As many columns.</param>
    public void Transpose(ReadOnlySpan<int> classes, Span<float> to, int width)
    {
        for (var j = 0; j < classes.Length; j++)
        {
            var from = Of(classes[j]);
            for (var c = 0; c < from.Length; c++)
                to[c * width + j] = from[c];
        }
    }

    /// <summary>Squared distances of a row from what <see cref="Transpose"/> has put side by side: one chain each.</summary>
    /// <param name="row">(R).</param>
    /// <param name="columns">(R, width), its width a multiple of 32.</param>
    /// <param name="count">So many, and up to 31 more.</param>
    /// <param name="to">(width).</param>
    public static void Distances(ReadOnlySpan<float> row, ReadOnlySpan<float> columns, int count, Span<float> to)
    {
        const int Lanes = 8, AtOnce = 4 * Lanes;
        var width = to.Length;
        ref var first = ref MemoryMarshal.GetReference(columns);
        for (var start = 0; start < count; start += AtOnce)
        {
            var (a, b, c, d) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            for (var i = 0; i < row.Length; i++)
            {
                var (at, value) = ((nuint)(i * width + start), Vector256.Create(row[i]));
                var difference = value - Vector256.LoadUnsafe(ref first, at);
                a = Vector256.FusedMultiplyAdd(difference, difference, a);
                difference = value - Vector256.LoadUnsafe(ref first, at + Lanes);
                b = Vector256.FusedMultiplyAdd(difference, difference, b);
                difference = value - Vector256.LoadUnsafe(ref first, at + 2 * Lanes);
                c = Vector256.FusedMultiplyAdd(difference, difference, c);
                difference = value - Vector256.LoadUnsafe(ref first, at + 3 * Lanes);
                d = Vector256.FusedMultiplyAdd(difference, difference, d);
            }

            a.CopyTo(to[start..]);
            b.CopyTo(to[(start + Lanes)..]);
            c.CopyTo(to[(start + 2 * Lanes)..]);
            d.CopyTo(to[(start + 3 * Lanes)..]);
        }
    }
}
