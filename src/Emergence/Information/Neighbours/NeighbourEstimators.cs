using static Emergence.Information.Statistics.SpecialFunctions;

namespace Emergence.Information.Neighbours;

/// <summary>
/// "ksg": psi(k) + psi(N) - mean(psi(nx + 1) + psi(ny + 1)), k = 5, with nx and ny the rows nearer than the k-th
/// neighbour in each side alone (Kraskov, Stoegbauer and Grassberger 2004, estimator 1). Beside labels the neighbours are
/// those of the same label (Ross 2014).
/// </summary>
internal sealed class NearestNeighbourInformation : RowEstimator
{
    /// <summary>Largest share of rows that may repeat another row's x and y: rounding makes a few, ties make many.</summary>
    private const double MaxTies = 0.01;

    internal const string EstimatorName = "ksg";

    public override string Name => EstimatorName;

    public override string Description => "distances to the 5th neighbour";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (Neighbourhood.TooFew(rows) is { } tooFew)
            return Refuse(request, tooFew);
        if (rows.Tied > MaxTies * rows.Count && !rows.IsRounded)
            return Refuse(request, $"{rows.Tied} of {rows.Count} rows repeat another row; use exact where all rows do, else mixed-ksg");
        return Neighbourhood.Average(Describe(request, 0), rows, Nats);
    }

    internal static double Nats(NearestNeighbours.Surroundings row) =>
        Digamma(row.K) + Digamma(row.Total) - Digamma(row.CloserX + 1) - Digamma(row.CloserY + 1);
}

/// <summary>
/// "mixed-ksg": mean of psi(k_i) + ln N - psi(nx_i) - psi(ny_i), where k_i is k = 5, or the number of rows equal to row i
/// if those are more; counts include the row itself (Gao, Kannan, Oh and Viswanath 2017).
/// </summary>
internal sealed class MixedNeighbourInformation : RowEstimator
{
    internal const string EstimatorName = "mixed-ksg";

    public override string Name => EstimatorName;

    public override string Description => "distances to the 5th neighbour, and counts where rows are equal";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (Neighbourhood.TooFew(rows) is { } tooFew)
            return Refuse(request, tooFew);
        return Neighbourhood.Average(Describe(request, 0), rows, Nats);
    }

    internal static double Nats(NearestNeighbours.Surroundings row) =>
        Digamma(row.Radius == 0 ? row.Same + 1 : row.K) + Math.Log(row.Total) - Digamma(row.CloserX + 1) - Digamma(row.CloserY + 1);
}

/// <summary>What both neighbour estimators share.</summary>
internal static class Neighbourhood
{
    public const int K = 5;

    /// <summary>Fewer and more neighbours than <see cref="K"/>: copies of rows show where they disagree.</summary>
    private const int FewK = 3, ManyK = 10;

    /// <summary>
    /// Largest rise, in bits, from the mean of four quarters of the rows to all of them that a settled value has: in one column
    /// a side smooth data of 1,000 rows and more drift by 0.06 at most, data that are read by a third too low by 0.14 and more.
    /// </summary>
    public const double MaxDrift = 0.08;

    /// <summary>
    /// The rise is told from chance where it is so many standard errors: in few dimensions, where hardly any is expected, and in
    /// more or of few rows, where it is what a bias of neighbours looks like.
    /// </summary>
    public const double SureDrift = 2.5, SureDriftOfMany = 1.5;

    /// <summary>From here on there are many dimensions.</summary>
    private const double ManyDimensions = 3;

    /// <summary>
    /// Fewest rows for each of many dimensions: a tenth of them is too few to fill its space, and tells nothing of the bias of the whole.
    /// </summary>
    private const double RowsOfDimension = 100;

    /// <summary>Most by which 3 neighbours may say more than 10, in bits and as a share of the value: fifths of copied rows say 0.2 and
    /// more.</summary>
    private const double MaxExcess = 0.1, MaxExcessShare = 0.05;

    /// <summary>
    /// A strict function of x has psi(N) - psi(k) nats if both sides are scaled alike, and up to this many bits less
    /// where the slope varies: no value nearer to that limit tells a finite information from an infinite one.
    /// </summary>
    private const double BitsBelowLimit = 2;

    /// <summary>Fewest rows whose parts tell an error: of 30 rows, 4 intervals of 10 held the truth.</summary>
    public const int FewestRows = 100;

    /// <summary>Of fewer rows parts are too small to tell much of the bias of the whole: a rise that chance hardly makes is one.</summary>
    private const int FewRows = 400;

    public static string? TooFew(PairedRows rows) => rows.Count <= 2 * K ? $"{rows.Count} rows, needs more than {2 * K}" : null;

    /// <summary>The mean of what every row says, in nats, with its standard error and what speaks against it.</summary>
    public static MutualInformation Average(MutualInformation about, PairedRows rows, Func<NearestNeighbours.Surroundings, double> nats)
    {
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return about;
        var isCounted = about.IsCounted && !rows.IsRounded;
        var points = rows.ToPoints(asRanks: rows.IsHeavyTailed && !isCounted);
        var found = points.ToNeighbours(rows.Window).Find(FewK, K, ManyK);
        if (Bits(found, nats) is not [var few, var bits, var many])
            return about with
            {
                MiBits = double.NaN,
                Failure = $"{about.Estimator} cannot work here: no label occurs twice, so that no row has a neighbour",
            };
        var (mean, error) = points.Mean(bits);
        about = about with { MiBits = mean, ResolvableBits = (Digamma(rows.Count) - Digamma(K)) / Math.Log(2) - BitsBelowLimit };
        if (isCounted)
            return about with { SamplingErrorBits = error };
        if (rows.Count < FewestRows)
            return about with { SamplingErrorBits = error, Doubt = $"{rows.Count} rows: too few to tell an error" };
        if (PartedValue.CountOf(rows.Repeats.Length, rows.Window) < 2)
            return about with { SamplingErrorBits = error, Doubt = TooWide(rows.Window) };

        var dimensions = Dimensions(found[0], found[^1]);
        var parted = PartedValue.Of(mean, points.Repeats.Length, rows.Window,
            points.ContinuousColumns <= 1 ? PartedValue.RateOfThinEdge : PartedValue.RateOf(dimensions),
            chosen => points.Select(chosen) is var part && Bits(part, rows.Window, nats, K) is [var values] ? part.Mean(values).Mean : 0);
        var (drift, isSpacious, isSmall) = (mean - parted.Quarter, dimensions >= ManyDimensions, rows.Count < FewRows);

        // At the limit of what the rows resolve a value rises with them, whatever it is.
        return about with
        {
            SamplingErrorBits = parted.Error,
            BiasBits = parted.Bias,
            Doubt = mean > about.ResolvableBits ? null
                : isSpacious && rows.Count < RowsOfDimension * dimensions
                    ? FormattableString.Invariant($"{rows.Count} rows in about {dimensions:0} dimensions: too few to tell the bias")
                : drift > MaxDrift && drift > (isSpacious || isSmall ? SureDriftOfMany : SureDrift) * parted.QuarterError
                    ? FormattableString.Invariant($"still rises with the rows: {parted.Quarter:0.000} bits from a quarter of them")
                : points.Mean(few).Mean - points.Mean(many).Mean is var excess && excess > MaxExcess + MaxExcessShare * mean
                    ? FormattableString.Invariant(
                    $"{FewK} neighbours say {excess:0.000} bits more than {ManyK}: rows copied, or too few for so many columns")
                : rows.XColumns + rows.YColumns > 2 && (rows.IsHeavyTailed || rows.LongTails > 1)
                    ? "heavy tails in several columns, where neighbours read low"
                : isSmall && rows.LongTails > 0 ? "heavy tails in few rows, where neighbours read low"
                : null,
        };
    }

    /// <summary>What to say where no parts tell an error.</summary>
    public static string TooWide(int window) => $"--exclude {window} leaves too few neighbours to tell an error";

    /// <summary>What each row of a table says, in bits.</summary>
    public static double[] RowBits(PairedRows rows, bool isMixed) =>
        Bits(rows.ToPoints(rows.IsHeavyTailed), rows.Window, isMixed ? MixedNeighbourInformation.Nats : NearestNeighbourInformation.Nats, K)
            is [var bits] ? bits : [];

    /// <summary>The value of rows of a table beside those of shuffles of y.</summary>
    public static (double Bits, double[] Shuffled) Shuffle(PairedRows rows, bool isMixed, IEnumerable<int[]> shuffles)
    {
        var points = rows.ToPoints(rows.IsHeavyTailed);
        var neighbours = points.ToNeighbours(rows.Window);
        Func<NearestNeighbours.Surroundings, double> nats = isMixed ? MixedNeighbourInformation.Nats : NearestNeighbourInformation.Nats;
        double Mean(NearestNeighbours among) => among.Find(K)[0].Where(row => row.K > 0).Select(row => nats(row) / Math.Log(2))
            .DefaultIfEmpty(0).Average();
        return (Mean(neighbours), [.. shuffles.Select(partners => Mean(neighbours.Pair(partners)))]);
    }

    /// <summary>What each row says, in bits, for each k; none if labels leave no row a neighbour. A row without one says what the others
    /// do.</summary>
    private static double[][] Bits(PairedRows points, int window, Func<NearestNeighbours.Surroundings, double> nats, params int[] ks) =>
        Bits(points.ToNeighbours(window).Find(ks), nats);

    private static double[][] Bits(NearestNeighbours.Surroundings[][] found, Func<NearestNeighbours.Surroundings, double> nats)
    {
        if (!Array.Exists(found[0], row => row.K > 0))
            return [];
        return Array.ConvertAll(found, rows =>
        {
            var values = Array.ConvertAll(rows, row => row.K > 0 ? nats(row) / Math.Log(2) : double.NaN);
            if (!Array.Exists(values, double.IsNaN))
                return values;
            var mean = values.Where(value => !double.IsNaN(value)).Average();
            return Array.ConvertAll(values, value => double.IsNaN(value) ? mean : value);
        });
    }

    /// <summary>
    /// In how many dimensions the rows lie, however many columns they have: the volume to a row's neighbour grows as the distance to this
    /// power (Levina and Bickel 2005). 0 where no row has enough neighbours.
    /// </summary>
    private static double Dimensions(NearestNeighbours.Surroundings[] near, NearestNeighbours.Surroundings[] far)
    {
        var growth = near.Zip(far).Where(row => row.First is { K: FewK, Radius: > 0 } && row.Second.K == ManyK)
            .Select(row => Math.Log(row.Second.Radius / row.First.Radius)).DefaultIfEmpty(double.PositiveInfinity).Average();
        return growth > 0 ? (Digamma(ManyK) - Digamma(FewK)) / growth : 0;
    }
}
