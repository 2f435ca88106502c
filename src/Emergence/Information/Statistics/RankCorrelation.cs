namespace Emergence.Information.Statistics;

/// <summary>Spearman's rank correlation with its 95 % interval.</summary>
/// <param name="Rho">-1 .. 1; NaN if one list is constant or has a NaN.</param>
/// <param name="Low">Lower end; NaN below four pairs.</param>
/// <param name="High">Upper end.</param>
/// <param name="Count">Pairs.</param>
internal readonly record struct RankCorrelation(double Rho, double Low, double High, int Count)
{
    /// <summary>Ties share their mean rank. The interval is Fisher's transform with the variance (1 + rho^2 / 2) / (n - 3) (Bonett and
    /// Wright 2000).</summary>
    public static RankCorrelation Of(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        if (x.Count != y.Count)
            throw new ArgumentException($"expected pairs, found {x.Count} and {y.Count} values");
        if (x.Concat(y).Any(double.IsNaN))
            return new(double.NaN, double.NaN, double.NaN, x.Count);
        var (rankX, rankY) = (Ranks(x), Ranks(y));
        var middle = (x.Count + 1) / 2.0;
        var (both, ofX, ofY) = (0.0, 0.0, 0.0);
        for (var i = 0; i < x.Count; i++)
        {
            both += (rankX[i] - middle) * (rankY[i] - middle);
            ofX += (rankX[i] - middle) * (rankX[i] - middle);
            ofY += (rankY[i] - middle) * (rankY[i] - middle);
        }

        var rho = ofX > 0 && ofY > 0 ? Math.Clamp(both / Math.Sqrt(ofX * ofY), -1, 1) : double.NaN;
        if (x.Count < 4 || double.IsNaN(rho))
            return new(rho, double.NaN, double.NaN, x.Count);
        var half = Intervals.Normal * Math.Sqrt((1 + rho * rho / 2) / (x.Count - 3));
        return new(rho, Math.Tanh(Math.Atanh(rho) - half), Math.Tanh(Math.Atanh(rho) + half), x.Count);
    }

    private static double[] Ranks(IReadOnlyList<double> values) =>
        [.. values.Select(value => values.Count(other => other < value) + (values.Count(other => other == value) + 1) / 2.0)];
}
