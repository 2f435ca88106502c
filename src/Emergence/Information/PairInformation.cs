using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>The seeds of one estimator on two arrays, taken together; the interval is about the source of the rows.</summary>
/// <param name="Estimator">Its name.</param>
/// <param name="MiBits">Mean over the seeds; NaN if there is no number: a refusal, or an infinite information.</param>
/// <param name="Low">Lower end of the 95 % interval; NaN if nothing is known about it.</param>
/// <param name="High">Upper end.</param>
/// <param name="Verdict">The worst of the seeds.</param>
/// <param name="Note">Why, if there is something to say.</param>
public sealed record PairInformation(string Estimator, double MiBits, double Low, double High, Verdict Verdict, string? Note)
{
    /// <summary>How far beyond what is possible arithmetic may lead.</summary>
    private const double Rounding = 1e-6;

    /// <summary>By an estimator that trains nothing.</summary>
    internal static PairInformation OfTable(Estimator estimator, JointClasses joint, int window) =>
        new EstimationRequest(estimator, joint, CriticPreset.Small, 0, 0) { Window = window } is var request
            && estimator is RowEstimator rows
            ? Of(joint, [rows.Estimate(request)])
            : Of(joint, [((CorrectedInformation)estimator).Estimate(request)]);

    /// <param name="joint">The data.</param>
    /// <param name="seeds">Results of one estimator on the same data.</param>
    public static PairInformation Of(JointClasses joint, IReadOnlyList<MutualInformation> seeds)
    {
        ArgumentNullException.ThrowIfNull(joint);
        var spread = SeedSpread.Apply(seeds);
        var first = spread[0];
        var verdict = spread.Max(seed => seed.Verdict);
        if (spread.Any(seed => !double.IsFinite(seed.MiBits)))
            return new(first.Estimator, double.NaN, double.NaN, double.NaN, verdict, spread.Select(seed => seed.Failure)
                .FirstOrDefault(failure => failure != null) ?? "infinite: y holds a linear function of x");

        // The test rows of the seeds are drawn from the same rows: their errors are taken as one.
        var error = spread.Average(seed => double.IsNaN(seed.SamplingErrorBits) ? joint.SourceErrorBits : seed.SamplingErrorBits);
        var values = spread.Select(seed => seed.MiBits).ToArray();
        var interval = values.Length > 1 ? Intervals.OfSeeds(values, error) : Intervals.OfExact(values[0], error);
        var (low, high) = first.Estimator is ExactInformation.EstimatorName or SupportMine.EstimatorName or Resolved.EstimatorName
            ? AroundSource(joint, interval)
            : (interval.Low + first.BiasBits.Low, interval.High + first.BiasBits.High);
        var found = verdict == Verdict.AtCeiling
            ? new PairInformation(first.Estimator, interval.Mean, double.NaN, double.NaN, verdict, Remark(first, verdict))
            : Impossible(first, interval.Mean, (low, high)) is { } why && verdict != Verdict.Failed
            ? new(first.Estimator, interval.Mean, low, high, Verdict.Unreliable, why)
            : new(first.Estimator, interval.Mean, low, high, verdict, Remark(first, verdict));
        return found.Possible(first.Log2N);
    }

    /// <summary>
    /// Cut to what is possible, 0 to log2 N bits: an estimate that scatters about a small truth may come out below 0, and is
    /// then nearer to it at 0, where its interval begins too.
    /// </summary>
    internal PairInformation Possible(double log2N)
    {
        double Cut(double bits) => Math.Min(Math.Max(0, bits), log2N);
        return this with { MiBits = Cut(MiBits), Low = Cut(Low), High = Cut(High) };
    }

    /// <summary>
    /// Information is never below 0, and N rows tell no more than log2 N bits. A value beyond is none, nor is one whose
    /// interval reaches over all that is possible.
    /// </summary>
    private static string? Impossible(MutualInformation seed, double bits, (double Low, double High) interval)
    {
        var most = FormattableString.Invariant($"{Math.Pow(2, seed.Log2N):0} rows tell no more than {seed.Log2N:0.00}");
        return bits > seed.Log2N + Rounding ? FormattableString.Invariant($"{bits:0.00} bits, where {most}")
            : interval.High < -Rounding
                ? FormattableString.Invariant($"{bits:0.00} bits with an interval below 0: information is never negative")
            : interval.High - interval.Low > seed.Log2N + Rounding
                ? FormattableString.Invariant($"an interval of {interval.Low:0.0} .. {interval.High:0.0} bits, where {most}")
            : null;
    }

    /// <summary>
    /// What the rows hold lies below what their source holds by the bias of the plug-in entropies, and a critic below that:
    /// the interval reaches from the value to those of the corrected estimates.
    /// </summary>
    private static (double Low, double High) AroundSource(JointClasses joint, Interval interval)
    {
        if (joint.IsEnumeration)
            return (interval.Low, interval.High);
        var corrected = SampleInformation.Estimate(joint).Where(row => row.Name is SampleInformation.Best or SampleInformation.Widest)
            .Select(row => Intervals.OfExact(row.Bits, row.StandardError)).ToList();
        return (Math.Min(interval.Low, corrected.Min(about => about.Low)), Math.Max(interval.High, corrected.Max(about => about.High)));
    }

    private static string? Remark(MutualInformation seed, Verdict verdict) => verdict switch
    {
        Verdict.Unreliable when seed.Doubt != null => seed.Doubt,
        Verdict.Unreliable when seed.Estimator == PublishedMine.EstimatorName =>
            FormattableString.Invariant($"mu {seed.Mu:0.0}, {seed.StepsAboveCeiling} steps above the exact {seed.ExactBits:0.000} bits"),
        Verdict.Unreliable when seed.StoppedBy == StopReason.Limit => "ended at the step limit",
        Verdict.Unreliable when Verdicts.IsAboveExact(seed) =>
            FormattableString.Invariant($"above the exact {seed.ExactBits:0.000} bits of these rows"),
        Verdict.Unreliable => FormattableString.Invariant($"SD over seeds {seed.SdBits:0.000} bits"),
        Verdict.BelowExact => FormattableString.Invariant($"the rows themselves hold {seed.ExactBits:0.000} bits"),
        Verdict.AtCeiling when seed.IsOfSource => "more rows are needed to tell this from an infinite information",
        Verdict.AtCeiling => FormattableString.Invariant(
            $"{seed.K} distinct rows of {Math.Pow(2, seed.Log2N):0}: a value of these rows, which says nothing about their source"),
        _ => null,
    };
}
