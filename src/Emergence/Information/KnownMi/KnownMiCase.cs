using Emergence.Devices.Randomness;

namespace Emergence.Information.KnownMi;

/// <summary>What an estimator must do on a case at N = 10,000.</summary>
/// <param name="Estimator">Its name in the list of estimators, or of an entropy estimator that corrects the exact value of a
/// sample.</param>
/// <param name="Low">Least value in bits; NaN if it must refuse, infinite if it must offer no number.</param>
/// <param name="High">Largest value in bits; NaN if it must refuse, infinite if it must offer no number.</param>
/// <param name="IsFailure">The range is a documented failure, away from the truth.</param>
public sealed record Expectation(string Estimator, double Low, double High, bool IsFailure = false)
{
    public bool MustRefuse => double.IsNaN(Low);

    /// <summary>The information is infinite: at ceiling, without a number.</summary>
    public bool HasNoNumber => double.IsPositiveInfinity(Low);

    /// <summary>What is expected, in a word or two.</summary>
    public string Kind => MustRefuse ? "refusal" : HasNoNumber ? "no number" : IsFailure ? "documented failure" : "estimate";

    public bool IsMet(double bits, Verdict verdict) =>
        MustRefuse ? verdict == Verdict.Failed
        : HasNoNumber ? verdict == Verdict.AtCeiling && !double.IsFinite(bits)
        : bits >= Low && bits <= High;

    /// <summary>The estimator cannot work here and must say so.</summary>
    public static Expectation Refuses(string estimator) => new(estimator, double.NaN, double.NaN);

    /// <summary>The information is infinite, and the estimator must say so instead of offering a number.</summary>
    public static Expectation Unbounded(string estimator) => new(estimator, double.PositiveInfinity, double.PositiveInfinity);
}

/// <summary>A sampler whose mutual information is known.</summary>
/// <param name="Id">Number in the list, with a letter if one number has several.</param>
/// <param name="Name">A few words.</param>
/// <param name="TrueBits">I(x; y) of the source; infinite for a deterministic continuous map.</param>
/// <param name="Source">Where the value comes from.</param>
/// <param name="IsDiscrete">Rows repeat, so that classes can be counted.</param>
/// <param name="Draw">Rows from a random source; columns are standardised by <see cref="Sample"/>.</param>
/// <param name="Expectations">By estimator.</param>
public sealed record KnownMiCase(string Id, string Name, double TrueBits, string Source, bool IsDiscrete,
    Func<int, RandomSequence, PairSample> Draw, IReadOnlyList<Expectation> Expectations)
{
    /// <summary>N standardised rows; the same for the same seed.</summary>
    public PairSample Sample(int rows, ulong seed)
    {
        var cell = 0u;
        foreach (var letter in Id)
            cell = unchecked(cell * 131 + letter);
        return Draw(rows, new RandomSequence(seed, cell, RandomStream.Samplers)).Standardise();
    }
}
