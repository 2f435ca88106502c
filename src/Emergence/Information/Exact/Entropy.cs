using Emergence.Information.Statistics;

namespace Emergence.Information.Exact;

/// <summary>An estimate in bits.</summary>
/// <param name="Name">Name of the estimator.</param>
/// <param name="Bits">The estimate.</param>
/// <param name="StandardError">Standard error of sampling, in bits.</param>
public readonly record struct BitsEstimate(string Name, double Bits, double StandardError);

/// <summary>Entropies of a discrete distribution from how often each outcome was seen. The order of counts is of no meaning.</summary>
public static class Entropy
{
    /// <summary>The estimators by name. The plug-in is biased low; Grassberger's is the best here.</summary>
    public static IReadOnlyList<(string Name, Func<IReadOnlyList<long>, double> Bits)> Estimators { get; } =
    [
        ("plug-in", PlugIn),
        ("miller-madow", MillerMadow),
        ("grassberger", Grassberger),
        ("chao-shen", ChaoShen),
        ("chao-wang-jost", ChaoWangJost),
    ];

    /// <summary>-sum p log2 p of weights with the given sum.</summary>
    public static double Bits(ReadOnlySpan<double> weights, double total)
    {
        var bits = 0.0;
        foreach (var weight in weights)
            bits -= weight / total * Math.Log2(weight / total);
        return Math.Max(0, bits);
    }

    /// <summary>Every estimator on the counts of one sample.</summary>
    public static IReadOnlyList<BitsEstimate> Estimate(IReadOnlyList<long> counts)
    {
        var error = StandardError(counts);
        return [.. Estimators.Select(estimator => new BitsEstimate(estimator.Name, estimator.Bits(counts), error))];
    }

    /// <summary>H of the observed frequencies.</summary>
    public static double PlugIn(IReadOnlyList<long> counts) =>
        Bits([.. counts.Select(count => (double)count)], counts.Sum());

    /// <summary>The plug-in plus its first-order bias (K - 1) / 2N (Miller 1955).</summary>
    public static double MillerMadow(IReadOnlyList<long> counts) =>
        PlugIn(counts) + (counts.Count - 1) / (2.0 * counts.Sum()) / Math.Log(2);

    /// <summary>ln N - (1/N) sum n G(n), G(n) = psi(n) + (-1)^n / 2 (psi((n+1)/2) - psi(n/2)) (Grassberger 2003).</summary>
    public static double Grassberger(IReadOnlyList<long> counts)
    {
        double total = counts.Sum();
        var sum = 0.0;
        foreach (var group in counts.GroupBy(count => count))
        {
            double n = group.Key;
            var sign = group.Key % 2 == 0 ? 1 : -1;
            var g = SpecialFunctions.Digamma(n) + sign / 2.0 * (SpecialFunctions.Digamma((n + 1) / 2) - SpecialFunctions.Digamma(n / 2));
            sum += group.Count() * n * g;
        }

        return (Math.Log(total) - sum / total) / Math.Log(2);
    }

    /// <summary>Frequencies shrunk by the coverage 1 - f1 / N, each term over its chance to be seen (Chao and Shen 2003).</summary>
    public static double ChaoShen(IReadOnlyList<long> counts)
    {
        double total = counts.Sum();
        double singletons = counts.Count(count => count == 1);
        var coverage = 1 - (singletons == total ? total - 1 : singletons) / total;
        var bits = 0.0;
        foreach (var count in counts)
        {
            var p = coverage * count / total;
            bits -= p * Math.Log2(p) / (1 - Math.Pow(1 - p, total));
        }

        return bits;
    }

    /// <summary>
    /// sum n/N (psi(N) - psi(n)), and what outcomes not seen yet add, from how many were seen once (f1) and twice (f2):
    /// f1/N (1 - A)^(1 - N) (-ln A - sum_{r &lt; N} (1 - A)^r / r), A = 2 f2 / ((N - 1) f1 + 2 f2) (Chao, Wang and Jost 2013).
    /// </summary>
    public static double ChaoWangJost(IReadOnlyList<long> counts)
    {
        double total = counts.Sum();
        double once = counts.Count(count => count == 1), twice = counts.Count(count => count == 2);
        var nats = counts.GroupBy(count => count)
            .Sum(group => group.Count() * group.Key / total * (SpecialFunctions.Digamma(total) - SpecialFunctions.Digamma(group.Key)));
        var share = twice > 0 ? 2 * twice / ((total - 1) * once + 2 * twice) : 2 / ((total - 1) * (once - 1) + 2);
        if (once == 0 || share >= 1)
            return nats / Math.Log(2);

        // -ln A less the first N - 1 terms of its series: the terms from N on, without the cancellation.
        var (rest, power) = (0.0, 1 - share);
        for (var r = total; power / r > 1e-16 * rest && r < total + 1e7; r++, power *= 1 - share)
            rest += power / r;
        return (nats + once / total * rest) / Math.Log(2);
    }

    /// <summary>sqrt(Var(-log2 p) / N).</summary>
    public static double StandardError(IReadOnlyList<long> counts)
    {
        double total = counts.Sum();
        var mean = PlugIn(counts);
        var variance = counts.Sum(count => count / total * Math.Pow(Math.Log2(count / total) + mean, 2));
        return Math.Sqrt(variance / total);
    }
}
