using Emergence.Datasets;
using Emergence.Measurement.Grid;
using Emergence.Models;

namespace Emergence.Measurement.Results;

/// <summary>
/// Exact IE of any part of a data set: the classes of all its sequences are found once, and the information of a part is
/// H(a) + H(b) - H(a,b) of the classes that are in it.
/// </summary>
internal sealed class ExactEmergence
{
    /// <summary>By position: the distinct triples of partitions that boundaries have, and how many have them.</summary>
    private readonly List<Partitions>[] _macro;
    private readonly List<Partitions>[] _micro;

    private ExactEmergence(Dataset data, List<Partitions>[] macro, List<Partitions>[] micro) =>
        (Data, _macro, _micro) = (data, macro, micro);

    public Dataset Data { get; }

    /// <summary>Runs the model over all sequences.</summary>
    public static ExactEmergence Of(LanguageModel model, Dataset data, IReadOnlyList<int> boundaries, CancellationToken cancellation)
    {
        var passes = new MacroMicroPasses(data, model.Config, Capture.MicroPosition.Zero);
        var (macro, micro) = (NewLists(), NewLists());
        foreach (var (_, x, y) in new BoundaryPairs(model, passes, boundaries).OfBoth(
            (whole, alone) => new BoundaryClasses(model.Device, passes, whole, alone), cancellation))
        {
            for (var t = 0; t < data.Length; t++)
            {
                Add(macro[t], x.Macro(t).ClassOfUnit, y.Macro(t).ClassOfUnit, passes.Macro[t]);
                Add(micro[t], x.Micro[t].ClassOfUnit, y.Micro[t].ClassOfUnit, passes.Micro[t]);
            }
        }

        return new(data, macro, micro);

        List<Partitions>[] NewLists() => [.. Enumerable.Range(0, data.Length).Select(_ => new List<Partitions>())];
    }

    /// <summary>(T): E(T) in bits, the mean over the boundaries, of these sequences; and the distinct prefixes of each T.</summary>
    public (double[] Bits, int[] Prefixes) Mean(ReadOnlySpan<int> sequences)
    {
        var (bits, prefixes, alone) = (new double[Data.Length], new int[Data.Length], 0.0);
        for (var t = 0; t < Data.Length; t++)
        {
            alone += Bits(_micro[t], sequences, out _);
            bits[t] = Bits(_macro[t], sequences, out prefixes[t]) - alone / (t + 1);
        }

        return (bits, prefixes);
    }

    private static void Add(List<Partitions> known, ReadOnlySpan<int> x, ReadOnlySpan<int> y, PositionClasses units)
    {
        var (a, b) = (new int[units.OfSequence.Length], new int[units.OfSequence.Length]);
        for (var n = 0; n < a.Length; n++)
            (a[n], b[n]) = (x[units.OfSequence[n]], y[units.OfSequence[n]]);
        var partitions = new Partitions(Ranked(a), Ranked(b), Ranked([.. a.Zip(b, (left, right) => ((long)left << 32) | (uint)right)]), 1);
        var same = known.FindIndex(other => other.IsSameAs(partitions));
        if (same < 0)
            known.Add(partitions);
        else
            known[same] = known[same] with { Times = known[same].Times + 1 };
    }

    /// <summary>Classes renumbered in the order in which they appear, so that equal partitions are equal arrays.</summary>
    private static int[] Ranked<T>(T[] classes) where T : notnull
    {
        var ranks = new Dictionary<T, int>();
        var ranked = new int[classes.Length];
        for (var n = 0; n < ranked.Length; n++)
        {
            if (!ranks.TryGetValue(classes[n], out ranked[n]))
                ranked[n] = ranks[classes[n]] = ranks.Count;
        }

        return ranked;
    }

    /// <summary>Mean over boundaries of I(a;b), and the largest number of classes of both.</summary>
    private static double Bits(List<Partitions> all, ReadOnlySpan<int> sequences, out int classes)
    {
        var (sum, boundaries) = (0.0, 0);
        classes = 0;
        foreach (var (a, b, both, times) in all)
        {
            var joint = Entropy(both, sequences, out var count);
            var ofA = a.AsSpan().SequenceEqual(both) ? joint : Entropy(a, sequences, out _);
            var ofB = b.AsSpan().SequenceEqual(both) ? joint : Entropy(b, sequences, out _);
            (sum, boundaries, classes) = (sum + times * (ofA + ofB - joint), boundaries + times, Math.Max(classes, count));
        }

        return sum / boundaries;
    }

    private static double Entropy(int[] classes, ReadOnlySpan<int> sequences, out int distinct)
    {
        var counts = new Dictionary<int, int>(sequences.Length);
        foreach (var n in sequences)
            counts[classes[n]] = counts.GetValueOrDefault(classes[n]) + 1;
        distinct = counts.Count;
        return Dataset.EntropyOfCounts([.. counts.Values], sequences.Length);
    }

    /// <summary>(N) classes of x, of y, of both, and at how many boundaries.</summary>
    private sealed record Partitions(int[] A, int[] B, int[] Both, int Times)
    {
        public bool IsSameAs(Partitions other) => A.AsSpan().SequenceEqual(other.A) && B.AsSpan().SequenceEqual(other.B) && Both.AsSpan()
            .SequenceEqual(other.Both);
    }
}
