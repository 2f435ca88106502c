namespace Emergence.Information.Statistics;

/// <summary>Probabilities of scores, in double precision; entropies in bits.</summary>
internal static class Softmax
{
    /// <summary>Adds <paramref name="weight"/> times the probabilities to <paramref name="sum"/> and returns their entropy.</summary>
    public static double Add(ReadOnlySpan<float> scores, double weight, Span<double> sum)
    {
        var (largest, total) = Normaliser(scores);
        var moment = 0.0;
        for (var i = 0; i < scores.Length; i++)
        {
            var p = Math.Exp(scores[i] - largest) / total;
            sum[i] += weight * p;
            moment += p * (scores[i] - largest);
        }

        return (Math.Log(total) - moment) / Math.Log(2);
    }

    /// <summary>-log2 p of one outcome.</summary>
    public static double SurpriseBits(ReadOnlySpan<float> scores, int outcome)
    {
        var (largest, total) = Normaliser(scores);
        return (Math.Log(total) - (scores[outcome] - largest)) / Math.Log(2);
    }

    /// <summary>H of probabilities; those that underflowed to 0 add nothing.</summary>
    public static double Bits(ReadOnlySpan<double> probabilities)
    {
        var bits = 0.0;
        foreach (var p in probabilities)
            bits -= p > 0 ? p * Math.Log2(p) : 0;
        return bits;
    }

    /// <summary>The largest score, and the sum of exp(score - largest).</summary>
    private static (double Largest, double Total) Normaliser(ReadOnlySpan<float> scores)
    {
        var (largest, total) = (double.NegativeInfinity, 0.0);
        foreach (var score in scores)
            largest = Math.Max(largest, score);
        foreach (var score in scores)
            total += Math.Exp(score - largest);
        return (largest, total);
    }
}
