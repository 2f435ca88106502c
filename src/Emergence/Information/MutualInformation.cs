using System.Text.Json.Serialization;
using Emergence.Information.Canonical;
using Emergence.Information.Critics;
using Emergence.Information.Noise;

namespace Emergence.Information;

/// <summary>Why a training ended.</summary>
public enum StopReason
{
    /// <summary>Nothing was trained.</summary>
    None,

    /// <summary>The exact value was reached.</summary>
    Ceiling,

    /// <summary>The curve levelled.</summary>
    Level,

    /// <summary>The last allowed step.</summary>
    Limit,

    /// <summary>A value was not finite.</summary>
    Failed,
}

/// <summary>
/// What an estimator says about one cell with one seed, and what is needed to judge it. Information is in bits. Members stand in the
/// order of a line of results.jsonl, whose names they give; those without one are not written.
/// </summary>
public record MutualInformation
{
    public required string Estimator { get; init; }

    public ulong Seed { get; init; }

    /// <summary>The value; NaN if the cell failed.</summary>
    public required double MiBits { get; init; }

    /// <summary>I_emp of these data.</summary>
    public required double ExactBits { get; init; }

    /// <summary>Sampling error of ExactBits; 0 for an enumeration.</summary>
    [JsonPropertyName("exact_se_bits")]
    public double ExactStandardErrorBits { get; init; }

    /// <summary>H of the prefixes (or rows).</summary>
    public required double HPrefixBits { get; init; }

    /// <summary>H of y's classes: what y tells of the prefix, the limit of what noise leaves. I_emp where x tells no less.</summary>
    [JsonPropertyName("h_y_bits")]
    public double YBits { get; init; } = double.NaN;

    /// <summary>log2 N.</summary>
    public required double Log2N { get; init; }

    /// <summary>All there is was measured, not a sample.</summary>
    [JsonPropertyName("enumeration")]
    public bool IsEnumeration { get; init; }

    /// <summary>Distinct pairs (x, y); the number of distinct prefixes if they do not collide on both sides.</summary>
    public required int K { get; init; }

    /// <summary>Classes of x.</summary>
    [JsonPropertyName("k_x")]
    public required int KX { get; init; }

    /// <summary>Classes of y.</summary>
    [JsonPropertyName("k_y")]
    public required int KY { get; init; }

    /// <summary>How many rows one shuffle leaves with a partner of their own, in the mean.</summary>
    public required double Mu { get; init; }

    /// <summary>Units whose x another unit has too.</summary>
    public int CollisionsX { get; init; }

    /// <summary>Units whose y another unit has too.</summary>
    public int CollisionsY { get; init; }

    public int Steps { get; init; }

    public StopReason StoppedBy { get; init; }

    /// <summary>Largest value of any step.</summary>
    public double MaxBits { get; init; } = double.NaN;

    /// <summary>Mean over the last steps: the value, but for estimators that report the maximum.</summary>
    public double LastMeanBits { get; init; } = double.NaN;

    /// <summary>The frozen critic's value over all pairs of classes, or over many fresh ones.</summary>
    public double HeldOutBits { get; init; } = double.NaN;

    /// <summary>Steps more than 1e-4 bits (what single precision may add) above ExactBits.</summary>
    public int StepsAboveCeiling { get; init; }

    /// <summary>Largest |T| of any step.</summary>
    public double MaxScore { get; init; }

    /// <summary>NaN or infinite inputs, T and values.</summary>
    public long NonFinite { get; init; }

    /// <summary>Multiply-adds of the training.</summary>
    public double MultiplyAdds { get; init; }

    /// <summary>The value is about the source of the rows; where rows do not repeat, I_emp says nothing about it.</summary>
    [JsonPropertyName("of_source"), JsonPropertyOrder(2)]
    public bool IsOfSource { get; init; }

    /// <summary>Above this value so few rows cannot tell a finite information from an infinite one.</summary>
    [JsonPropertyOrder(2)]
    public double ResolvableBits { get; init; } = double.PositiveInfinity;

    /// <summary>Why the value must not be relied on, if the estimator knows.</summary>
    [JsonPropertyOrder(2)]
    public string? Doubt { get; init; }

    /// <summary>Why the cell failed, e.g. "failed at step 37, last finite 9.20".</summary>
    [JsonPropertyOrder(2)]
    public string? Failure { get; init; }

    /// <summary>What explains the value of the published protocol; none of other estimators.</summary>
    [JsonPropertyOrder(2)]
    public ProtocolTrace? Protocol { get; init; }

    /// <summary>What a training from canonical coordinates started with; none of other trainings.</summary>
    [JsonPropertyOrder(2)]
    public CanonicalTrace? Canonical { get; init; }

    /// <summary>The noise that the value is read through, in units of its scale; NaN of a value without noise.</summary>
    [JsonPropertyOrder(2)]
    public double Sigma { get; init; } = double.NaN;

    /// <summary>Standard error of MiBits from the rows being a sample of the source; NaN if the estimator has none of its own.</summary>
    [JsonPropertyName("se_bits"), JsonPropertyOrder(2)]
    public double SamplingErrorBits { get; init; } = double.NaN;

    /// <summary>What the bias that is left may add to MiBits, beside chance: not above 0 and not below; 0 of most estimators.</summary>
    [JsonIgnore]
    public (double Low, double High) BiasBits { get; init; }

    /// <summary>What noise leaves of y's side, whatever the estimator, sigma rising; empty if that was not asked for.</summary>
    [JsonPropertyOrder(2)]
    public IReadOnlyList<NoiseValue> Noise { get; init; } = [];

    /// <summary>The full settings of the training; empty if nothing is trained.</summary>
    [JsonIgnore]
    public string Preset { get; init; } = "";

    /// <summary>The value is of numbers that the rows hold rounded: what the rounded ones hold is no measure of it.</summary>
    [JsonIgnore]
    public bool IsOfNumbers { get; init; }

    /// <summary>Value of every step, in bits.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> Curve { get; init; } = [];

    /// <summary>SD over the seeds of this cell, once they are known: see <see cref="SeedSpread"/>.</summary>
    [JsonIgnore]
    public double SdBits { get; init; } = double.NaN;

    /// <summary>Rows repeat often enough (or are all there are, or one side is constant) that I_emp is a property of the source.</summary>
    public bool IsCounted => IsEnumeration || K <= Math.Pow(2, Log2N) / 2 || KX == 1 || KY == 1;

    /// <summary>At the step limit without levelling; of the published protocol and of a limited critic the limit is a part.</summary>
    public bool EndedEarly => StoppedBy == StopReason.Limit && Estimator is not (PublishedMine.EstimatorName or Resolved.EstimatorName);

    /// <summary>How far the maximum lies above the value.</summary>
    public double MaxGapBits => MaxBits - MiBits;

    /// <summary>How far the value lies above what the frozen critic reads.</summary>
    public double HeldOutGapBits => MiBits - HeldOutBits;

    /// <summary>One word; it can change when <see cref="SdBits"/> becomes known.</summary>
    public Verdict Verdict => Verdicts.Of(this);

    /// <summary>Without what a record that is made of it adds.</summary>
    internal MutualInformation Alone() => new(this);
}
