namespace Emergence.Studies.Composites;

/// <summary>
/// A guess of the set of digits from scores of single digits: of the sets of m digits, each has the chance
/// prod w_d / e_m(w), w_d = p_d^tau, where e_m adds up the products of all sets of m. What it is worth in bits is a lower bound of
/// the information that the scores have about the set, and so of that of the features they are made of.
/// </summary>
internal static class SetGuess
{
    private const double MostPower = 50;
    private const int SearchSteps = 40;
    private static readonly double s_golden = (Math.Sqrt(5) - 1) / 2;

    /// <summary>tau of the best guess; the mean of ln chance is concave in it.</summary>
    public static double Fit(double[][] logProbabilities, IReadOnlyList<Composite> composites)
    {
        var (low, high) = (0.0, MostPower);
        for (var step = 0; step < SearchSteps; step++)
        {
            var (left, right) = (high - s_golden * (high - low), low + s_golden * (high - low));
            if (Mean(left) >= Mean(right))
                high = right;
            else
                low = left;
        }

        return (low + high) / 2;

        double Mean(double power) => composites.Select((composite, i) => LogChance(logProbabilities[i], composite.Set, power)).Average();
    }

    /// <summary>ln of the chance of a set among those of as many digits.</summary>
    /// <param name="logProbabilities">(K).</param>
    /// <param name="set">m digits.</param>
    /// <param name="power">tau.</param>
    public static double LogChance(double[] logProbabilities, int[] set, double power)
    {
        // ln e_j of the digits so far: a further one is in the set or not.
        var sums = new double[set.Length + 1];
        sums.AsSpan(1).Fill(double.NegativeInfinity);
        foreach (var score in logProbabilities)
        {
            for (var j = set.Length; j > 0; j--)
                sums[j] = LogSum(sums[j], sums[j - 1] + power * score);
        }

        return power * set.Sum(digit => logProbabilities[digit]) - sums[^1];
    }

    private static double LogSum(double a, double b)
    {
        var most = Math.Max(a, b);
        return double.IsNegativeInfinity(most) ? most : most + Math.Log(Math.Exp(a - most) + Math.Exp(b - most));
    }
}
