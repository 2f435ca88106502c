using Emergence.Information.Statistics;
using Emergence.Messages;

namespace Emergence.Measurement.Results;

/// <summary>What two intervals say about which value is larger.</summary>
internal enum ComparisonVerdict
{
    Higher,
    Lower,

    /// <summary>The whole interval of the difference is too small to matter.</summary>
    Same,

    CannotTell,
}

/// <summary>E(T) of one run beside that of another.</summary>
/// <param name="Tokens">T.</param>
/// <param name="First">Value of the first run.</param>
/// <param name="Second">Value of the second run.</param>
/// <param name="Difference">First minus second, with its 95 % interval.</param>
/// <param name="Verdict">Verdict of the first against the second.</param>
internal sealed record ComparedMean(int Tokens, Interval First, Interval Second, Interval Difference, ComparisonVerdict Verdict);

/// <summary>
/// Two runs, E(T) by E(T). On the same sequences the sampling error is the same for both and leaves the difference, and
/// seeds are taken in pairs; otherwise both errors count.
/// </summary>
internal static class RunComparison
{
    /// <summary>Differences within this many bits are no difference; as far below the exact value counts as reaching it.</summary>
    public const double Margin = 0.02;

    public static bool HaveSameData(RunResults first, RunResults second) => Id(first) == Id(second);

    /// <summary>A sentence for runs whose models are stored in different forms, or null.</summary>
    /// <param name="runs">Names and results.</param>
    public static string? QuantizationNote(params ReadOnlySpan<(string Name, RunResults Run)> runs)
    {
        var forms = runs.ToArray();
        if (forms.All(run => run.Run.Quantization == forms[0].Run.Quantization))
            return null;
        var words = forms.Select(run =>
            $"{run.Name} {(run.Run.Quantization is { } form ? $"is quantised ({form})" : "is stored in full")}");
        return $"The models' weights are not stored alike, so that a difference may be one of the quantisation: "
            + $"{string.Join("; ", words)}.";
    }

    /// <summary>What a difference may come from although nobody asked about it, a sentence each.</summary>
    public static IEnumerable<string> Cautions(RunResults first, RunResults second)
    {
        if (!HaveSameData(first, second))
            yield return $"the runs have other sequences ({first.Data}, {first.Sequences}; {second.Data}, {second.Sequences}): both "
                + $"sampling errors count, and a difference may be one of the data";
        if (MicroPosition(first) != MicroPosition(second))
            yield return $"a token alone has position '{MicroPosition(first)}' in the first run and '{MicroPosition(second)}' in the "
                + $"second: a difference may be one of that";
        if (first.Noise != second.Noise)
            yield return $"the noise has the units '{first.Noise}' in the first run and '{second.Noise}' in the second: what it leaves is "
                + $"not compared";
        var (ofFirst, ofSecond) = (Boundaries(first), Boundaries(second));
        foreach (var group in ofFirst.Keys.Intersect(ofSecond.Keys)
            .Where(tokens => !AreAlike(first, ofFirst[tokens], second, ofSecond[tokens]))
            .GroupBy(tokens => (NumberList.Ranges(ofFirst[tokens]), NumberList.Ranges(ofSecond[tokens]))))
            yield return $"E(T) at T = {NumberList.Ranges(group)} is the mean over the boundaries {group.Key.Item1} of {first.Layers} in "
                + $"the first run and {group.Key.Item2} of {second.Layers} in the second: a difference may be one of the layers";
        foreach (var (name, tokens) in new[] { ("first", ofFirst.Keys.Except(ofSecond.Keys)),
            ("second", ofSecond.Keys.Except(ofFirst.Keys)) })
        {
            if (tokens.Any())
                yield return $"only the {name} run has E(T) at T = {NumberList.Ranges(tokens)}";
        }

        foreach (var (name, missing) in new[] { ("first", first.MissingCells), ("second", second.MissingCells) })
        {
            if (missing > 0)
                yield return $"{missing} cells of the {name} run are not finished";
        }
    }

    public static IReadOnlyList<ComparedMean> Of(RunResults first, RunResults second)
    {
        var (ofFirst, ofSecond) = (Seeds(first), Seeds(second));
        var compared = new List<ComparedMean>();
        foreach (var mean in first.Means)
        {
            if (second.Means.FirstOrDefault(other => other.Tokens == mean.Tokens) is not { } other)
                continue;
            var difference = HaveSameData(first, second)
                ? Paired(mean, other, ofFirst[mean.Tokens], ofSecond[mean.Tokens], first.Estimator == second.Estimator)
                : Independent(mean.Bits, other.Bits);
            compared.Add(new(mean.Tokens, mean.Bits, other.Bits, difference, Verdict(difference)));
        }

        return compared;
    }

    public static string Word(this ComparisonVerdict verdict) => verdict == ComparisonVerdict.CannotTell ? "cannot tell"
        : verdict.ToString().ToLowerInvariant();

    internal static ComparisonVerdict Verdict(Interval difference) => difference switch
    {
        { Low: >= -Margin, High: <= Margin } => ComparisonVerdict.Same,
        { Low: > 0 } => ComparisonVerdict.Higher,
        { High: < 0 } => ComparisonVerdict.Lower,
        _ => ComparisonVerdict.CannotTell,
    };

    private static string? Id(RunResults run) => (string?)run.Manifest["data"]?["id"];

    private static string? MicroPosition(RunResults run) => (string?)run.Manifest["settings"]?["micro_position"];

    /// <summary>The boundaries that E(T) is the mean over, by T.</summary>
    private static SortedDictionary<int, int[]> Boundaries(RunResults run) =>
        new(run.Emergence.GroupBy(row => row.Tokens)
            .ToDictionary(rows => rows.Key, rows => rows.Select(row => row.Boundary).Order().ToArray()));

    /// <summary>All layers of both models, or the same layers of models that have as many.</summary>
    private static bool AreAlike(RunResults first, int[] ofFirst, RunResults second, int[] ofSecond) =>
        (ofFirst.Length == first.Layers && ofSecond.Length == second.Layers)
            || (first.Layers == second.Layers && ofFirst.SequenceEqual(ofSecond));

    /// <summary>E(T) by T, then by seed.</summary>
    private static Dictionary<int, SortedDictionary<ulong, double>> Seeds(RunResults run) =>
        EmergenceValue.Compute(run.Cells).GroupBy(value => value.Tokens).ToDictionary(
            group => group.Key,
            group => new SortedDictionary<ulong, double>(group.GroupBy(value => value.Seed)
                .ToDictionary(seed => seed.Key, seed => seed.Average(value => value.Bits))));

    private static Interval Paired(EmergenceMean first, EmergenceMean second,
        SortedDictionary<ulong, double> ofFirst, SortedDictionary<ulong, double> ofSecond, bool sameEstimator)
    {
        if (sameEstimator && ofFirst.Keys.SequenceEqual(ofSecond.Keys) && (ofFirst.Count > 1 || !IsTrained(first)))
        {
            double[] differences = [.. ofFirst.Keys.Select(seed => ofFirst[seed] - ofSecond[seed])];
            return IsTrained(first) ? Intervals.OfSeeds(differences, 0) : Intervals.OfExact(differences[0], 0);
        }

        return Independent(first.Bits with { SamplingError = 0 }, second.Bits with { SamplingError = 0 });
    }

    /// <summary>An exact value has no spread over seeds; one seed of a training has none that is known.</summary>
    private static bool IsTrained(EmergenceMean mean) => mean.Bits.SdSeeds != 0;

    /// <summary>NaN bounds if one side has a single seed.</summary>
    private static Interval Independent(Interval first, Interval second)
    {
        var half = double.Hypot(Half(first), Half(second));
        var mean = first.Mean - second.Mean;
        return new(mean, mean - half, mean + half, double.NaN, double.Hypot(first.SamplingError, second.SamplingError));
    }

    private static double Half(Interval interval) => (interval.High - interval.Low) / 2;
}
