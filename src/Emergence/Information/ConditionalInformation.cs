using Emergence.Devices.Randomness;
using Emergence.Information.Exact;
using Emergence.Information.Gaussian;
using Emergence.Information.Neighbours;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>I(x; y | z): what x and y share beside what z tells of both.</summary>
public static class ConditionalInformation
{
    /// <summary>The estimators that know it.</summary>
    public static IReadOnlyList<string> Estimators { get; } = [ExactInformation.EstimatorName, .. Entropy.Estimators.Skip(1)
        .Select(entropy => entropy.Name), NearestNeighbourInformation.EstimatorName, GaussianEstimator.EstimatorName];

    public static PairInformation Estimate(string estimator,
        IReadOnlyList<SideColumn> x, IReadOnlyList<SideColumn> y, IReadOnlyList<SideColumn> z, int window) => estimator switch
    {
        NearestNeighbourInformation.EstimatorName => OfNeighbours(x, y, z, window),
        GaussianEstimator.EstimatorName => OfNormal(x, y, z, window),
        _ when Estimators.Contains(estimator) => OfCounts(estimator, x, y, z, window),
        _ => throw new EmergenceException($"--given: expected an estimator of {string.Join(", ", Estimators)}, found {estimator}",
            ExitCode.Usage),
    };

    /// <summary>H(x, z) + H(y, z) - H(x, y, z) - H(z).</summary>
    private static PairInformation OfCounts(
        string estimator, IReadOnlyList<SideColumn> x, IReadOnlyList<SideColumn> y, IReadOnlyList<SideColumn> z, int window)
    {
        RowClasses[] parts = [new([.. x, .. z]), new([.. y, .. z]), new([.. x, .. y, .. z]), new(z)];
        var rows = x[0].Codes.Length;
        var pointwise = new double[rows];
        for (var row = 0; row < rows; row++)
        {
            double Weight(RowClasses part) => part.Weights[part.ClassOfUnit[row]];
            pointwise[row] = Math.Log2(Weight(parts[2]) * Weight(parts[3]) / (Weight(parts[0]) * Weight(parts[1])));
        }

        var entropy = Entropy.Estimators.FirstOrDefault(row => row.Name == estimator, Entropy.Estimators[0]).Bits;
        double Of(Func<IReadOnlyList<long>, double> bits)
        {
            double[] values =
                [.. parts.Select(part => bits([.. part.Weights.ToArray().Select(weight => (long)Math.Round(weight * rows))]))];
            return values[0] + values[1] - values[2] - values[3];
        }

        var value = Of(entropy);
        var error = Intervals.SamplingError(pointwise, [.. Enumerable.Repeat(1.0, rows)]);
        double[] reach = [value, .. Entropy.Estimators.Where(row => row.Name is SampleInformation.Best or SampleInformation.Widest)
            .Select(row => Of(row.Bits))];
        var doubt = parts[2].Count > PairEvidence.MaxSupport * rows
            ? $"{parts[2].Count} distinct triples among {rows} rows: too few rows of each to count"
            : OfUnconditional(SampleInformation.Best, x, y, z, window);
        return Result(estimator, value, reach.Min() - Intervals.Normal * error, reach.Max() + Intervals.Normal * error, rows, doubt);
    }

    private static PairInformation OfNeighbours(IReadOnlyList<SideColumn> x, IReadOnlyList<SideColumn> y, IReadOnlyList<SideColumn> z,
        int window)
    {
        var rows = x[0].Codes.Length;
        var random = new RandomSequence(0, 1, RandomStream.Resampling);
        RowSide[] sides = [.. new[] { x, y, z }.Select(side => RowSide.Of(side)).Select(side => side.ToPoints(side.IsHeavyTailed, random))];
        if (sides[0].Columns == 0 || sides[1].Columns == 0)
            return Result(NearestNeighbourInformation.EstimatorName, 0, 0, 0, rows, null);
        double Mean(int[] chosen)
        {
            double[][] values = [.. sides.Select(side => side.Select(chosen).Values)];
            return ConditionalNeighbours.RowBits(values[0], values[1], values[2], chosen.Length, window).Average();
        }

        int[] all = [.. Enumerable.Range(0, rows)];
        var value = Mean(all);
        if (double.IsNaN(value))
            return Failed(NearestNeighbourInformation.EstimatorName,
                "no row has a neighbour: no label occurs twice, or --exclude leaves none");
        var isTooWide = PartedValue.CountOf(rows, window) < 2;
        if (rows < Neighbourhood.FewestRows || isTooWide)
            return Result(NearestNeighbourInformation.EstimatorName, value, double.NaN, double.NaN, rows,
                isTooWide && window > 0 ? Neighbourhood.TooWide(window) : $"{rows} rows: too few to tell an error");
        var parted = PartedValue.Of(value, rows, window, PartedValue.RateOfEdge, Mean);
        if (double.IsNaN(parted.Error) || double.IsNaN(parted.Bias.High))
            return Result(NearestNeighbourInformation.EstimatorName, value, double.NaN, double.NaN, rows,
                "parts of the rows have no neighbours to tell an error from");
        var (half, drift) = (Intervals.Normal * parted.Error, Math.Abs(value - parted.Quarter));
        return Result(NearestNeighbourInformation.EstimatorName, value, value - half + parted.Bias.Low, value + half + parted.Bias.High,
            rows, drift > Neighbourhood.MaxDrift && drift > Neighbourhood.SureDrift * parted.QuarterError
            ? FormattableString.Invariant($"does not settle: {parted.Quarter:0.000} bits from a quarter of the rows")
            : OfUnconditional(MixedNeighbourInformation.EstimatorName, x, y, z, window));
    }

    /// <summary>
    /// I(x; y | z) = I(x; y, z) - I(x; z): what speaks against the first of these, found by all that a pair of sides shows of
    /// its rows (their order, copies, dimensions, tails), speaks against the difference.
    /// </summary>
    private static string? OfUnconditional(
        string estimator, IReadOnlyList<SideColumn> x, IReadOnlyList<SideColumn> y, IReadOnlyList<SideColumn> z, int window)
    {
        var joint = new JointClasses(new([.. x]), new([.. y, .. z]), isEnumeration: false);
        var result = new PairEvidence(joint, window).Judge(PairInformation.OfTable(EstimatorTable.Find(estimator), joint, window));
        return result.Verdict == Verdict.Ok ? null : $"of x with y and z: {result.Note}";
    }

    /// <summary>1/2 log2(det C_xz det C_yz / (det C_z det C_xyz)) less the bias of each determinant.</summary>
    private static PairInformation OfNormal(
        IReadOnlyList<SideColumn> x, IReadOnlyList<SideColumn> y, IReadOnlyList<SideColumn> z, int window)
    {
        var rows = x[0].Codes.Length;
        if (x.Concat(y).Concat(z).FirstOrDefault(column => column.IsText) is { } words)
            return Failed(GaussianEstimator.EstimatorName, $"{words.Name}: words have no covariance; use exact, or ksg");
        static double[][] Columns(IReadOnlyList<SideColumn> side) =>
            [.. side.Where(column => column.Levels > 1).Select(column => column.Values)];
        var (ofX, ofY, ofZ) = (Columns(x), Columns(y), Columns(z));
        var (nats, pointwise) = (0.0, new double[rows]);
        foreach (var (part, sign) in new[] { ((double[][])[.. ofX, .. ofZ], 1), ([.. ofY, .. ofZ], 1), (ofZ, -1),
            ([.. ofX, .. ofY, .. ofZ], -1) })
        {
            if (part.Length == 0)
                continue;
            var columns = part.Length;
            var values = new double[rows * columns];
            for (var column = 0; column < columns; column++)
            {
                var mean = part[column].Average();
                for (var row = 0; row < rows; row++)
                    values[row * columns + column] = part[column][row] - mean;
            }

            var covariance = SymmetricMatrix.Covariance(values, columns, [.. Enumerable.Repeat(1, rows)]);
            if (SymmetricMatrix.Factor(covariance, columns) is not { } factor)
                return Failed(GaussianEstimator.EstimatorName, "the covariance is singular (columns depend on each other)");
            nats += sign * (SymmetricMatrix.LogDeterminant(factor, columns) - GaussianEstimator.Bias(columns, rows - 1)) / 2;
            for (var row = 0; row < rows; row++)
                pointwise[row] += sign * SymmetricMatrix.SquaredLength(factor, columns, values.AsSpan(row * columns, columns)) / 2;
        }

        var error = double.Hypot(Intervals.SamplingError(pointwise, [.. Enumerable.Repeat(1.0, rows)]),
            Math.Sqrt(ofX.Length * ofY.Length / 2.0) / rows) / Math.Log(2);
        var value = nats / Math.Log(2);
        var neighbours = OfNeighbours(x, y, z, window);
        var isFar = neighbours.Verdict == Verdict.Ok && (value - Intervals.Normal * error > neighbours.High + PairEvidence.Slack
            || value + Intervals.Normal * error < neighbours.Low - PairEvidence.Slack);
        return Result(GaussianEstimator.EstimatorName, value, value - Intervals.Normal * error, value + Intervals.Normal * error, rows,
            isFar ? FormattableString.Invariant($"neighbours say {neighbours.MiBits:0.000} bits")
            : OfUnconditional(GaussianEstimator.EstimatorName, x, y, z, window));
    }

    private static PairInformation Failed(string estimator, string why) =>
        new(estimator, double.NaN, double.NaN, double.NaN, Verdict.Failed, why);

    private static PairInformation Result(string estimator, double value, double low, double high, int rows, string? doubt) =>
        new PairInformation(estimator, value, low, high, doubt == null && value <= Math.Log2(rows) ? Verdict.Ok : Verdict.Unreliable, doubt)
            .Possible(Math.Log2(rows));
}
