using static Emergence.Information.SpecialFunctions;

namespace Emergence.Information;

/// <summary>
/// "ksg": psi(k) + psi(N) - mean(psi(nx + 1) + psi(ny + 1)), k = 5, with nx and ny the rows nearer than the k-th
/// neighbour in each side alone (Kraskov, Stoegbauer and Grassberger 2004, estimator 1).
/// </summary>
internal sealed class NearestNeighbourInformation : RowEstimator
{
    internal const string EstimatorName = "ksg";

    /// <summary>Above this many columns a side the value reads low, whatever N.</summary>
    internal const int MaxColumns = 5;

    private const int Neighbours = 5;

    /// <summary>Largest share of rows that may repeat another row's x and y: rounding makes a few, ties make many.</summary>
    private const double MaxTies = 0.01;

    public override string Name => EstimatorName;

    public override string Description => "distances to the 5th neighbour";

    public override string UseWhen => "continuous data without ties, up to 5 columns a side";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return Describe(request, 0);
        if (rows.Count <= 2 * Neighbours)
            return Refuse(request, $"{rows.Count} rows, needs more than {2 * Neighbours}");
        var tied = rows.Count - request.Joint.Support.Count;
        if (tied > MaxTies * rows.Count)
            return Refuse(request, $"{tied} of {rows.Count} rows repeat another row; use exact where all rows do, else mixed-ksg");

        var nats = Digamma(Neighbours) + Digamma(rows.Count);
        foreach (var row in Find(rows, Neighbours))
            nats -= (Digamma(row.CloserX + 1) + Digamma(row.CloserY + 1)) / rows.Count;
        return Describe(request, nats / Math.Log(2));
    }

    internal static NearestNeighbours.Surroundings[] Find(PairedRows rows, int neighbours) =>
        new NearestNeighbours(Single(rows.X), rows.XColumns, Single(rows.Y), rows.YColumns).Find(neighbours);

    private static float[] Single(double[] values) => Array.ConvertAll(values, value => (float)value);
}

/// <summary>
/// "mixed-ksg": mean of psi(k_i) + ln N - psi(nx_i) - psi(ny_i), where k_i is k = 5, or the number of rows equal to row i
/// where those are more; counts include the row itself (Gao, Kannan, Oh and Viswanath 2017).
/// </summary>
internal sealed class MixedNeighbourInformation : RowEstimator
{
    private const int Neighbours = 5;

    public override string Name => "mixed-ksg";

    public override string Description => "distances to the 5th neighbour, and counts where rows are equal";

    public override string UseWhen => "discrete, continuous or mixed data, up to 5 continuous columns a side";

    protected override MutualInformation Estimate(EstimationRequest request, PairedRows rows)
    {
        if (rows.XColumns == 0 || rows.YColumns == 0)
            return Describe(request, 0);
        if (rows.Count <= 2 * Neighbours)
            return Refuse(request, $"{rows.Count} rows, needs more than {2 * Neighbours}");

        var nats = 0.0;
        foreach (var row in NearestNeighbourInformation.Find(rows, Neighbours))
        {
            var isTied = row.Radius == 0;
            var near = isTied ? Digamma(row.Same + 1) : Digamma(Neighbours);
            var x = isTied ? row.SameX : row.CloserX;
            var y = isTied ? row.SameY : row.CloserY;
            nats += (near + Math.Log(rows.Count) - Digamma(x + 1) - Digamma(y + 1)) / rows.Count;
        }

        return Describe(request, nats / Math.Log(2));
    }
}
