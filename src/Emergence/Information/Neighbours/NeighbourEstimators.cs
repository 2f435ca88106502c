using Emergence.Devices.Randomness;
using Emergence.Information.Statistics;
using static Emergence.Information.Statistics.SpecialFunctions;

namespace Emergence.Information.Neighbours;

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

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (Neighbourhood.TooFew(rows) is { } tooFew)
            return Refuse(request, tooFew);
        var tied = rows.Count - rows.Repeats.Length;
        if (tied > MaxTies * rows.Count)
            return Refuse(request, $"{tied} of {rows.Count} rows repeat another row; use exact where all rows do, else mixed-ksg");
        return Neighbourhood.Average(Describe(request, 0), rows, (row, count) =>
            Digamma(Neighbourhood.K) + Digamma(count) - Digamma(row.CloserX + 1) - Digamma(row.CloserY + 1));
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

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (Neighbourhood.TooFew(rows) is { } tooFew)
            return Refuse(request, tooFew);
        return Neighbourhood.Average(Describe(request, 0), rows, (row, count) =>
        {
            var isTied = row.Radius == 0;
            var near = isTied ? Digamma(row.Same + 1) : Digamma(Neighbourhood.K);
            var x = isTied ? row.SameX : row.CloserX;
            var y = isTied ? row.SameY : row.CloserY;
            return near + Math.Log(count) - Digamma(x + 1) - Digamma(y + 1);
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

    /// <summary>Fewest rows of a part whose value tells the standard error.</summary>
    private const int RowsOfPart = 20;

    public static string? TooFew(PairedRows rows) => rows.Count <= 2 * K ? $"{rows.Count} rows, needs more than {2 * K}" : null;

    /// <summary>The mean of what every row says, in nats given N, with its standard error.</summary>
    public static MutualInformation Average(MutualInformation about, PairedRows rows, Func<NearestNeighbours.Surroundings, int, double> nats)
    {
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return about;
        var bits = Bits(rows, nats);
        var (mean, error) = rows.Mean(bits);
        var isWide = rows.XColumns > MaxColumns || rows.YColumns > MaxColumns;
        return about with
        {
            MiBits = mean,
            SamplingErrorBits = about.IsCounted || rows.Repeats.Length < 2 * RowsOfPart ? error : ErrorByParts(rows, nats, mean),
            ResolvableBits = (Digamma(rows.Count) - Digamma(K)) / Math.Log(2) - BitsBelowLimit,
            Doubt = isWide && !about.IsCounted ? $"reads low above {MaxColumns} columns a side, found {rows.XColumns}+{rows.YColumns}" : null,
        };
    }

    private static double[] Bits(PairedRows rows, Func<NearestNeighbours.Surroundings, int, double> nats) =>
        [.. new NearestNeighbours(rows.X, rows.XColumns, rows.Y, rows.YColumns, rows.Repeats).Find(K).Select(row => nats(row, rows.Count) / Math.Log(2))];

    /// <summary>
    /// Neighbours share their neighbours, so the terms of the rows are not independent; the values of disjoint parts are.
    /// SD over the parts / sqrt(parts), widened from the normal to Student's distribution of so few parts. What the bias
    /// changed from a part to the whole tells what is left of it. It comes from the rows whose neighbourhood reaches over
    /// an edge of the density: with one continuous column a share of about k / N of them, so that parts of a quarter do,
    /// shuffled several times; with more columns about sqrt(k / N), so that only small parts differ by more than noise.
    /// </summary>
    private static double ErrorByParts(PairedRows rows, Func<NearestNeighbours.Surroundings, int, double> nats, double whole)
    {
        var hasThinEdge = rows.ContinuousColumns <= 1;
        var (most, shuffles) = hasThinEdge ? (4, 4) : (10, 1);
        var parts = Math.Min(most, rows.Repeats.Length / RowsOfPart);
        var random = new RandomSequence(0, 0, RandomStream.Resampling);
        var (variance, mean) = (0.0, 0.0);
        for (var shuffle = 0; shuffle < shuffles; shuffle++)
        {
            var order = Enumerable.Range(0, rows.Repeats.Length).ToArray();
            random.Shuffle(order.AsSpan());
            var values = Enumerable.Range(0, parts).Select(part =>
            {
                var chosen = rows.Select([.. order.Where((_, place) => place % parts == part)]);
                return chosen.Mean(Bits(chosen, nats)).Mean;
            }).ToArray();
            variance += Math.Pow(SeedSpread.StandardDeviation(values), 2) / parts / shuffles;
            mean += values.Average() / shuffles;
        }

        var spread = Math.Sqrt(variance) * Intervals.StudentT(shuffles * (parts - 1));
        var left = Math.Abs(whole - mean) / ((hasThinEdge ? parts : Math.Sqrt(parts)) - 1);
        return (spread + left) / Intervals.Normal;
    }
}
