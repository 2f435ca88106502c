using System.Globalization;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Gaussian;
using Emergence.Information.Neighbours;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>
/// What two sides of a table say about how far an estimate of their source can be relied on, beside the estimate: whether
/// rows are copies, follow each other or are too few to count, whether numbers are names, and what another family of
/// estimators says. Found once for all estimators of the same rows.
/// </summary>
public sealed class PairEvidence
{
    /// <summary>The word for the estimator that the rows call for.</summary>
    public const string AutoName = "auto";

    /// <summary>Largest share of the rows that distinct pairs may be when they are counted: five rows each.</summary>
    internal const double MaxSupport = 0.2;

    /// <summary>Largest share of rows that may repeat another to the last digit of a continuous value: chance makes hardly one.</summary>
    private const double MaxCopies = 0.005;

    /// <summary>Fewer rows look normal whatever they are: bent ones did, 99 times of 100 at 100 rows and 9 at 300.</summary>
    private const double FewRows = 400;

    /// <summary>Estimates of two families are of the same value if their intervals, so much wider, meet, in bits.</summary>
    internal const double Slack = 0.05;

    private readonly JointClasses _joint;
    private readonly int _window;
    private readonly Lazy<MutualInformation> _neighbours;
    private readonly Lazy<Normality> _normality;
    private readonly Lazy<string?> _names;
    private readonly Lazy<List<BitsEstimate>> _corrections;
    private readonly bool _areNames;
    private readonly string? _order;
    private readonly string? _copies;
    private readonly string? _twins;

    /// <param name="joint">Classes of two sides of a table.</param>
    /// <param name="window">Rows so near in their order are no neighbours.</param>
    public PairEvidence(JointClasses joint, int window)
    {
        ArgumentNullException.ThrowIfNull(joint);
        (_joint, _window) = (joint, window);
        _neighbours = new(() => EstimatorTable.OfRows(MixedNeighbourInformation.EstimatorName, joint, window));
        _normality = new(() => Normality.Of(new PairedRows(joint)));
        _names = new(FindNames);
        _corrections =
            new(() => [.. SampleInformation.Estimate(joint).Where(row => row.Name is SampleInformation.Best or SampleInformation.Widest)]);
        _order = SerialDependence.Find(joint.X.Table!, joint.Y.Table!, window);
        bool AreAll(ColumnKind kind) => joint.X.Table!.Concat(joint.Y.Table!).All(column => column.Kind == kind);
        var isContinuous = AreAll(ColumnKind.Continuous);
        _areNames = AreAll(ColumnKind.Labels);
        var tied = joint.Samples - joint.Support.Count;
        _twins = isContinuous && tied > 0 && joint.X.Count == joint.Support.Count && joint.Y.Count == joint.Support.Count
            ? "a value of x stands beside the same value of y wherever it occurs: rows were copied, or are names, so say --discrete both"
            : null;
        _copies = isContinuous && joint.Support.Count > joint.Samples / 2 && tied > MaxCopies * joint.Samples
            ? $"{tied:0} of {joint.Samples:0} rows repeat another to the last digit: copies are no observations"
            : null;
    }

    /// <summary>The result as it is, or marked unreliable with the reason.</summary>
    public PairInformation Judge(PairInformation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (result.Verdict == Verdict.BelowExact && IsOfNeighbours(result) && (_copies ?? _twins) is { } copied)
            return result with { Verdict = Verdict.Unreliable, Note = copied };
        if (result.Verdict != Verdict.Ok || !double.IsFinite(result.MiBits) || _joint.HasConstantSide)
            return result;
        if (Against(result) is { } doubt)
            return result with { Verdict = Verdict.Unreliable, Note = doubt };
        if (IsOfNormalData(result) && !IsNormal)
            return Reach(result, [Neighbours]) with
            {
                Note = FormattableString.Invariant(
                    $"{NotNormal}; neighbours say {_neighbours.Value.MiBits:0.000} bits, and the interval holds both"),
            };
        return IsCorrection(result)
            ? Reach(result, _corrections.Value.Select(row => Intervals.OfExact(row.Bits, row.StandardError))
                .Select(interval => (interval.Low, interval.High)))
            : result;
    }

    private PairInformation Reach(PairInformation result, IEnumerable<(double Low, double High)> others) => (result with
    {
        Low = Math.Min(result.Low, others.Min(other => other.Low)),
        High = Math.Max(result.High, others.Max(other => other.High)),
    }).Possible(Math.Log2(_joint.Samples));

    private bool IsNormal => _joint.Samples >= FewRows && _normality.Value.IsNormal;

    private string NotNormal => _joint.Samples < FewRows ? $"{_joint.Samples:0} rows are too few to tell whether they are normal"
        : "the rows are not normal";

    /// <summary>
    /// The estimator these rows call for, another of a different family to hold it against, and why. Counts if both sides
    /// hold names; the closed form of normal rows; neighbours if they settle; else a critic.
    /// </summary>
    public (string First, string Second, string Why) Choose()
    {
        if (_areNames)
            return (SampleInformation.Best, MixedNeighbourInformation.EstimatorName,
                FormattableString.Invariant($"names on both sides, {_joint.Samples / _joint.Support.Count:0.0} rows a pair of them"));
        if (_normality.Value.IsNormal)
            return (GaussianEstimator.EstimatorName, MixedNeighbourInformation.EstimatorName, "the rows look normal");
        return _neighbours.Value is { Doubt: null, Failure: null }
            ? (MixedNeighbourInformation.EstimatorName, MovingAverageMine.EstimatorName,
                $"neighbours settle in {_joint.X.Columns}+{_joint.Y.Columns} columns")
            : (MovingAverageMine.EstimatorName, MixedNeighbourInformation.EstimatorName,
                $"neighbours do not serve: {_neighbours.Value.Doubt ?? _neighbours.Value.Failure}");
    }

    /// <summary>The first of two opinions, ok only if it is so by itself and the second meets it.</summary>
    public static PairInformation Agree(PairInformation first, PairInformation second, string why)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var chosen = $"{first.Estimator}, since {why}";
        if (first.Verdict != Verdict.Ok)
            return first with { Estimator = AutoName, Note = $"{chosen}; {first.Note}" };
        var meets = second.Low - Slack <= first.High && second.High + Slack >= first.Low;
        var opinion = double.IsFinite(second.MiBits) ? FormattableString.Invariant($"{second.Estimator} says {second.MiBits:0.000}")
            : $"{second.Estimator} says nothing ({second.Note})";
        return first with { Estimator = AutoName, Verdict = meets ? Verdict.Ok : Verdict.Unreliable, Note = $"{chosen}; {opinion}" };
    }

    private string? Against(PairInformation result)
    {
        var isCounted = result.Estimator is ExactInformation.EstimatorName or SupportMine.EstimatorName or Resolved.EstimatorName
            or PublishedMine.EstimatorName
            || IsCorrection(result) || (_areNames && IsOfNeighbours(result));
        if (isCounted)
            return _order ?? (_joint.Support.Count > MaxSupport * _joint.Samples
                ? $"{_joint.Support.Count} distinct pairs among {_joint.Samples:0} rows: too few rows of each to count" : null)
                ?? _twins ?? OfOtherCorrections(result);
        if (result.Estimator == NoisyChannel.EstimatorName)
            return null;
        return (_window > 0 && IsOfNeighbours(result) ? SerialDependence.Find(_joint.X.Table!, _joint.Y.Table!, _window) : _order)
            ?? _copies
            ?? _names.Value
            ?? (IsOfNeighbours(result) ? null : OfAnotherFamily(result));
    }

    /// <summary>
    /// Corrections for classes not seen agree if enough of them were, and take little from what the rows hold: of what is taken, half may
    /// be left.
    /// </summary>
    private string? OfOtherCorrections(PairInformation result)
    {
        if (IsOfNeighbours(result))
            return null;
        var best = _corrections.Value.Single(row => row.Name == SampleInformation.Best).Bits;
        var (value, chance) = (IsCorrection(result) ? result.MiBits : best, _joint.Bits - best);
        var farthest = _corrections.Value.MaxBy(other => Math.Abs(other.Bits - value));
        return Math.Abs(farthest.Bits - value) > Slack
            ? FormattableString.Invariant($"{farthest.Name} says {farthest.Bits:0.000} bits: too few rows of each pair to count")
            : chance > 2 * Slack
            ? FormattableString.Invariant($"{chance:0.000} of {_joint.Bits:0.000} bits are chance: too few rows of each pair to count")
            : null;
    }

    private static bool IsCorrection(PairInformation result) => Entropy.Estimators.Any(entropy => entropy.Name == result.Estimator);

    private static bool IsOfNeighbours(PairInformation result) =>
        result.Estimator is MixedNeighbourInformation.EstimatorName or NearestNeighbourInformation.EstimatorName;

    private static bool IsOfNormalData(PairInformation result) =>
        result.Estimator is GaussianEstimator.EstimatorName or GaussianEstimator.ShrunkName;

    /// <summary>The interval of what neighbours say.</summary>
    private (double Low, double High) Neighbours =>
        (_neighbours.Value.MiBits - Intervals.Normal * _neighbours.Value.SamplingErrorBits + _neighbours.Value.BiasBits.Low,
            _neighbours.Value.MiBits + Intervals.Normal * _neighbours.Value.SamplingErrorBits + _neighbours.Value.BiasBits.High);

    /// <summary>A closed form is right if the data are normal, or if neighbours, which know no form, say the same.</summary>
    private string? OfAnotherFamily(PairInformation result)
    {
        var neighbours = _neighbours.Value;
        var isSettled = neighbours is { Doubt: null, Failure: null } && double.IsFinite(neighbours.MiBits);
        var says = FormattableString.Invariant($"neighbours say {neighbours.MiBits:0.000} bits");
        var meets = isSettled && result.Low <= Neighbours.High && result.High >= Neighbours.Low
            && Math.Abs(result.MiBits - neighbours.MiBits) <= Math.Max(2 * Slack, 2 * Slack * neighbours.MiBits);
        if (!IsOfNormalData(result))
            return isSettled && (result.Low > Neighbours.High + Slack || result.High < Neighbours.Low - Slack) ? says
                : new PairedRows(_joint).IsHeavyTailed ? "heavy tails, which a critic of raw values does not resolve"
                : null;
        var normality = _normality.Value;
        if (result.Estimator == GaussianEstimator.ShrunkName
            && !(normality.Bits >= result.Low - Slack && normality.Bits <= result.High + Slack))
            return double.IsNaN(normality.Bits) ? "shrunk so far that the value reads low"
                : FormattableString.Invariant($"shrunk from {normality.Bits:0.000} bits");
        return IsNormal || meets ? null
            : isSettled ? $"{NotNormal}: {says}"
            : $"{NotNormal}, and no other estimator confirms the value";
    }

    /// <summary>
    /// Whole numbers that repeat may be names. Counted as names they hold at least what they hold beyond shuffled ones, since
    /// the bias of shuffled names is the larger one; if that is more than distances say, they are.
    /// </summary>
    private string? FindNames()
    {
        var sides = new[] { _joint.X, _joint.Y };
        var suspects = sides.SelectMany(side => side.Table!)
            .Where(column => column is { Kind: ColumnKind.Rounded, IsSaid: false } && Array.TrueForAll(column.Values, double.IsInteger))
            .ToList();
        if (suspects.Count == 0)
            return null;
        var likeness = suspects.ConvertAll(suspect => sides.Where(side => !side.Table!.Contains(suspect)).SelectMany(side => side.Table!)
            .Select(other => NameLikeness.Find(suspect, other)).ToList());
        string Read(int place) => $"{suspects[place].Name} read as numbers";
        if (likeness.FindIndex(found => found.Contains(true)) is >= 0 and var name)
            return $"{Read(name)}: rows of the same number are alike and those of the next are not, so say --discrete (or --discrete none)";
        int[][] names = [.. sides.Select(side => 2 * side.Count <= side.UnitWeights.Length || side.Table!.Any(suspects.Contains)
            ? side.ClassOfUnit.ToArray() : Tenths(side.Table![0].Values))];
        var (excess, deviation) = ShuffledInformation.Excess(names[0], names[1]);
        var bits = Math.Max(0, _neighbours.Value.MiBits);
        if (excess > bits + 2 * Slack && excess > 4 * deviation)
            return string.Create(CultureInfo.InvariantCulture,
                $"{string.Join(", ", suspects.Select(column => column.Name))} read as numbers: as names they hold {excess:0.00} bits and "
                + $"more, so say --discrete (or --discrete none)");

        // Where distances say something, they mean something.
        return !(Neighbours.Low > 0) && likeness.FindIndex(found => found.TrueForAll(isName => isName == null)) is >= 0 and var unclear
            ? $"{Read(unclear)}: too few rows of the same number to tell numbers from names, so say --discrete (or --discrete none)" : null;
    }

    private static int[] Tenths(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        Array.Sort((double[])values.Clone(), order);
        var tenths = new int[values.Length];
        for (var place = 0; place < order.Length; place++)
            tenths[order[place]] = 10 * place / order.Length;
        return tenths;
    }
}
