using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>The seeds of one estimator on two arrays, taken together; the interval is about the source of the rows.</summary>
/// <param name="Estimator">Its name.</param>
/// <param name="MiBits">Mean over the seeds; NaN where there is no number: a refusal, or an infinite information.</param>
/// <param name="Low">Lower end of the 95 % interval; NaN where nothing is known about it.</param>
/// <param name="High">Upper end.</param>
/// <param name="Verdict">The worst of the seeds.</param>
/// <param name="Note">Why, where there is something to say.</param>
public sealed record PairInformation(string Estimator, double MiBits, double Low, double High, Verdict Verdict, string? Note)
{
    /// <param name="joint">The data.</param>
    /// <param name="seeds">Results of one estimator on the same data.</param>
    public static PairInformation Of(JointClasses joint, IReadOnlyList<MutualInformation> seeds)
    {
        ArgumentNullException.ThrowIfNull(joint);
        var spread = SeedSpread.Apply(seeds);
        var first = spread[0];
        var verdict = spread.Max(seed => seed.Verdict);
        if (spread.Any(seed => !double.IsFinite(seed.MiBits)))
            return new(first.Estimator, double.NaN, double.NaN, double.NaN, verdict, spread.Select(seed => seed.Failure).FirstOrDefault(failure => failure != null) ?? "infinite: y holds a linear function of x");

        // The test rows of the seeds are drawn from the same rows: their errors are taken as one.
        var error = spread.Average(seed => double.IsNaN(seed.SamplingErrorBits) ? joint.SourceErrorBits : seed.SamplingErrorBits);
        var values = spread.Select(seed => seed.MiBits).ToArray();
        var interval = values.Length > 1 ? Intervals.OfSeeds(values, error) : Intervals.OfExact(values[0], error);
        var (low, high) = first.Estimator is ExactInformation.EstimatorName or SupportMine.EstimatorName ? AroundSource(joint, interval) : (interval.Low, interval.High);
        return verdict == Verdict.AtCeiling
            ? new(first.Estimator, interval.Mean, double.NaN, double.NaN, verdict, Remark(first, verdict))
            : new(first.Estimator, interval.Mean, low, high, verdict, Remark(first, verdict));
    }

    /// <summary>
    /// What the rows hold lies below what their source holds by the bias of the plug-in entropies, and a critic below that:
    /// the interval reaches from the value to that of the corrected estimate.
    /// </summary>
    private static (double Low, double High) AroundSource(JointClasses joint, Interval interval)
    {
        if (joint.IsEnumeration)
            return (interval.Low, interval.High);
        var corrected = SampleInformation.Estimate(joint).Single(row => row.Name == SampleInformation.Best);
        var about = Intervals.OfExact(corrected.Bits, corrected.StandardError);
        return (Math.Min(interval.Low, about.Low), Math.Max(interval.High, about.High));
    }

    private static string? Remark(MutualInformation seed, Verdict verdict) => verdict switch
    {
        Verdict.Unreliable when seed.Doubt != null => seed.Doubt,
        Verdict.Unreliable when seed.Estimator == PublishedMine.EstimatorName => FormattableString.Invariant($"mu {seed.Mu:0.0}, {seed.StepsAboveCeiling} steps above the exact {seed.ExactBits:0.000} bits"),
        Verdict.Unreliable when seed.StoppedBy == StopReason.Limit => "ended at the step limit",
        Verdict.Unreliable when Verdicts.IsAboveExact(seed) => FormattableString.Invariant($"above the exact {seed.ExactBits:0.000} bits of these rows"),
        Verdict.Unreliable => FormattableString.Invariant($"SD over seeds {seed.SdBits:0.000} bits"),
        Verdict.BelowExact => FormattableString.Invariant($"the rows themselves hold {seed.ExactBits:0.000} bits"),
        Verdict.AtCeiling when seed.IsOfSource => "more rows are needed to tell this from an infinite information",
        Verdict.AtCeiling => FormattableString.Invariant($"{seed.K} distinct rows of {Math.Pow(2, seed.Log2N):0}: a value of these rows, which says nothing about their source"),
        _ => null,
    };
}
