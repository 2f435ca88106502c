using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>Whether a value means anything.</summary>
public enum Verdict
{
    Ok,

    /// <summary>The sample is too small for the value to say something about the source, or the information is infinite.</summary>
    AtCeiling,

    /// <summary>What this critic resolves, not the information there is.</summary>
    BelowExact,

    /// <summary>Seeds disagree, the training did not level, or the protocol cannot be trusted here.</summary>
    Unreliable,

    /// <summary>There is no value.</summary>
    Failed,
}

/// <summary>How a verdict is found and written.</summary>
public static class Verdicts
{
    /// <summary>Largest SD over seeds, in bits, of a value that can be relied on.</summary>
    private const double MaxSd = 0.05;

    /// <summary>Fewest rows with a partner of their own in a shuffle that keep the published protocol from diverging.</summary>
    private const double MinCoincidences = 30;

    /// <summary>A value this far below the exact one, in bits, is not it.</summary>
    private const double MaxShortfall = 0.02;

    /// <summary>Nor is one this far above it, beside chance.</summary>
    private const double MaxExcess = 0.02;

    public static string Word(this Verdict verdict) => verdict switch
    {
        Verdict.Ok => "ok",
        Verdict.AtCeiling => "at ceiling",
        Verdict.BelowExact => "below exact",
        Verdict.Unreliable => "unreliable",
        Verdict.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, null),
    };

    /// <summary>
    /// The first that matches of failed, unreliable, below exact, at ceiling, ok. An infinite value is no number: at
    /// ceiling. Where rows do not repeat, an estimator of the source is not held against the exact value of the rows; where
    /// they do, nothing can be above it but by chance.
    /// </summary>
    internal static Verdict Of(MutualInformation cell)
    {
        if (cell.Failure != null || double.IsNaN(cell.MiBits))
            return Verdict.Failed;
        if (double.IsInfinity(cell.MiBits))
            return Verdict.AtCeiling;
        if (cell.SdBits > MaxSd || cell.Doubt != null || cell.EndedEarly || IsBeyondTheProtocol(cell) || IsAboveExact(cell))
            return Verdict.Unreliable;
        if (cell.IsOfSource && (!cell.IsCounted || cell.IsOfNumbers))
            return cell.MiBits > cell.ResolvableBits ? Verdict.AtCeiling : Verdict.Ok;
        if (cell.MiBits < cell.ExactBits - MaxShortfall && double.IsFinite(cell.ExactBits) && !IsOfAnotherKind(cell))
            return Verdict.BelowExact;
        return double.IsInfinity(cell.ExactBits) || !cell.IsCounted ? Verdict.AtCeiling : Verdict.Ok;
    }

    /// <summary>By more than three standard errors.</summary>
    internal static bool IsAboveExact(MutualInformation cell)
    {
        var error = double.IsNaN(cell.SamplingErrorBits) ? cell.ExactStandardErrorBits : cell.SamplingErrorBits;
        return cell.IsCounted && !cell.IsOfNumbers && cell.MiBits > cell.ExactBits + MaxExcess + (3 * error) && !IsOfAnotherKind(cell);
    }

    /// <summary>The exact value less its bias.</summary>
    private static bool IsCorrection(MutualInformation cell) => Entropy.Estimators.Any(estimator => estimator.Name == cell.Estimator);

    /// <summary>Not to be the exact value is what corrections for its bias are for; a noisy channel is of y alone.</summary>
    private static bool IsOfAnotherKind(MutualInformation cell) => IsCorrection(cell) || cell.Estimator == NoisyChannel.EstimatorName;

    private static bool IsBeyondTheProtocol(MutualInformation cell) =>
        cell.Estimator == PublishedMine.EstimatorName && (cell.Mu < MinCoincidences || cell.StepsAboveCeiling > 0);
}

/// <summary>The seeds of one cell, taken together.</summary>
public static class SeedSpread
{
    /// <summary>The same results, each with the SD over all of them (0 where there is one seed or nothing is random).</summary>
    public static IReadOnlyList<MutualInformation> Apply(IReadOnlyList<MutualInformation> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        var deviation = StandardDeviation.Of([.. seeds.Where(cell => cell.Failure == null).Select(cell => cell.MiBits)]);
        return [.. seeds.Select(cell => cell with { SdBits = deviation })];
    }
}
