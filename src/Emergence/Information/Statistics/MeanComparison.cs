namespace Emergence.Information.Statistics;

/// <summary>A t-test.</summary>
/// <param name="Difference">Mean of the differences.</param>
/// <param name="T">Difference over its standard error; infinite if all differences are equal and not 0.</param>
/// <param name="Degrees">Degrees of freedom.</param>
/// <param name="P">Two-sided.</param>
internal readonly record struct PairedTest(double Difference, double T, int Degrees, double P)
{
    /// <summary>The test for values that belong together one by one, such as two treatments in one trial.</summary>
    public static PairedTest Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        if (first.Count != second.Count || first.Count < 2)
            throw new ArgumentException($"expected as many values on either side, 2 or more, found {first.Count} and {second.Count}");
        var differences = first.Zip(second, (a, b) => a - b).ToList();
        var (mean, degrees) = (differences.Average(), differences.Count - 1);
        var error = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / degrees / differences.Count);
        var t = mean == 0 ? 0 : mean / error;
        return new(mean, t, degrees, SpecialFunctions.StudentOutside(t, degrees));
    }
}

/// <summary>Pearson's correlation.</summary>
/// <param name="R">-1 .. 1; NaN if a side does not vary.</param>
/// <param name="Low">Lower end of the 95 % interval by Fisher's z; NaN of fewer than 4 points.</param>
/// <param name="High">Upper end.</param>
/// <param name="P">Two-sided, by Student's t of n - 2 degrees.</param>
internal readonly record struct LinearCorrelation(double R, double Low, double High, double P)
{
    public static LinearCorrelation Of(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        if (x.Count != y.Count || x.Count < 3)
            throw new ArgumentException($"expected as many values on either side, 3 or more, found {x.Count} and {y.Count}");
        var (meanX, meanY) = (x.Average(), y.Average());
        var both = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum();
        var (squaresX, squaresY) = (x.Sum(a => (a - meanX) * (a - meanX)), y.Sum(b => (b - meanY) * (b - meanY)));
        if (squaresX == 0 || squaresY == 0)
            return new(double.NaN, double.NaN, double.NaN, double.NaN);
        var r = Math.Clamp(both / Math.Sqrt(squaresX * squaresY), -1, 1);
        var (z, half) = (Math.Atanh(r), x.Count > 3 ? Intervals.Normal / Math.Sqrt(x.Count - 3) : double.NaN);
        var t = r * Math.Sqrt((x.Count - 2) / (1 - r * r));
        return new(r, Math.Tanh(z - half), Math.Tanh(z + half), SpecialFunctions.StudentOutside(t, x.Count - 2));
    }
}
