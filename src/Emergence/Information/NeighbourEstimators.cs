using static Emergence.Information.SpecialFunctions;

namespace Emergence.Information;

/// <summary>
/// "ksg": psi(k) + psi(N) - mean(psi(nx + 1) + psi(ny + 1)), k = 5, with nx and ny the rows nearer than the k-th
/// neighbour in each side alone (Kraskov, Stoegbauer and Grassberger 2004, estimator 1).
/// </summary>
internal sealed class NearestNeighbourInformation : RowEstimator
{
    /// <summary>Largest share of rows that may repeat another row's x and y: rounding makes a few, ties make many.</summary>
    private const double MaxTies = 0.01;

    public override string Name => "ksg";

    public override string Description => "distances to the 5th neighbour";

    public override string UseWhen => "continuous data without ties, up to 5 columns a side";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (Neighbourhood.TooFew(rows) is { } tooFew)
            return Refuse(request, tooFew);
        var tied = rows.Count - rows.Repeats.Length;
        if (tied > MaxTies * rows.Count)
            return Refuse(request, $"{tied} of {rows.Count} rows repeat another row; use exact where all rows do, else mixed-ksg");
        var constant = Digamma(Neighbourhood.K) + Digamma(rows.Count);
        return Neighbourhood.Average(Describe(request, 0), rows, row => constant - Digamma(row.CloserX + 1) - Digamma(row.CloserY + 1));
    }
}

/// <summary>
/// "mixed-ksg": mean of psi(k_i) + ln N - psi(nx_i) - psi(ny_i), where k_i is k = 5, or the number of rows equal to row i
/// where those are more; counts include the row itself (Gao, Kannan, Oh and Viswanath 2017).
/// </summary>
internal sealed class MixedNeighbourInformation : RowEstimator
{
    public override string Name => "mixed-ksg";

    public override string Description => "distances to the 5th neighbour, and counts where rows are equal";

    public override string UseWhen => "discrete, continuous or mixed data, up to 5 continuous columns a side";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (Neighbourhood.TooFew(rows) is { } tooFew)
            return Refuse(request, tooFew);
        var logRows = Math.Log(rows.Count);
        return Neighbourhood.Average(Describe(request, 0), rows, row =>
        {
            var isTied = row.Radius == 0;
            var near = isTied ? Digamma(row.Same + 1) : Digamma(Neighbourhood.K);
            var x = isTied ? row.SameX : row.CloserX;
            var y = isTied ? row.SameY : row.CloserY;
            return near + logRows - Digamma(x + 1) - Digamma(y + 1);
        });
    }
}

/// <summary>What both neighbour estimators share.</summary>
internal static class Neighbourhood
{
    public const int K = 5;

    /// <summary>Above this many columns a side the value reads low, whatever N.</summary>
    private const int MaxColumns = 5;

    /// <summary>
    /// A strict function of x has psi(N) - psi(k) nats where both sides are scaled alike, and up to this many bits less
    /// where the slope varies: no value nearer to that limit tells a finite information from an infinite one.
    /// </summary>
    private const double BitsBelowLimit = 2;

    public static string? TooFew(PairedRows rows) => rows.Count <= 2 * K ? $"{rows.Count} rows, needs more than {2 * K}" : null;

    /// <summary>The mean of what every row says, in nats, with the standard error of that mean.</summary>
    public static MutualInformation Average(MutualInformation about, PairedRows rows, Func<NearestNeighbours.Surroundings, double> nats)
    {
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return about;
        var bits = new NearestNeighbours(rows.X, rows.XColumns, rows.Y, rows.YColumns, rows.Repeats)
            .Find(K)
            .Select(row => nats(row) / Math.Log(2))
            .ToArray();
        var (mean, error) = rows.Mean(bits);
        var isWide = rows.XColumns > MaxColumns || rows.YColumns > MaxColumns;
        return about with
        {
            MiBits = mean,
            SamplingErrorBits = error,
            ResolvableBits = (Digamma(rows.Count) - Digamma(K)) / Math.Log(2) - BitsBelowLimit,
            Doubt = isWide && !about.IsCounted ? $"reads low above {MaxColumns} columns a side, found {rows.XColumns}+{rows.YColumns}" : null,
        };
    }
}
