using System.Text.Json.Serialization;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Information.Exact;

namespace Emergence.Information.Critics;

/// <summary>Steps whose shuffles left about the same number F of rows with a partner of their own.</summary>
/// <param name="Coincidences">F, the mean over the steps.</param>
/// <param name="Steps">How many.</param>
/// <param name="MinusLog2">-log2 F, the mean over the steps; 0 if F is 0.</param>
/// <param name="MeanBits">V, the mean over the steps.</param>
/// <param name="MaxBits">V, the largest.</param>
[method: JsonConstructor]
public readonly record struct CoincidenceBin(
    [property: JsonPropertyName("f")] double Coincidences, int Steps, [property: JsonPropertyName("minus_log2_f")] double MinusLog2,
    double MeanBits, double MaxBits);

/// <summary>
/// What a training of the published protocol leaves behind for its value to be explained. A fitted critic reads
/// I + log2(mu / F) in a step whose shuffle has F coincidences, so that V rises with -log2 F by a slope of 1.
/// </summary>
public sealed record ProtocolTrace
{
    /// <summary>Sums of e^T above e to this are infinite in single precision, if nothing is subtracted before.</summary>
    internal static readonly double LargestLog = Math.Log(float.MaxValue);

    private const int MostBins = 64;

    /// <summary>Rows of shuffles that are drawn again at most: of more, every so many steps.</summary>
    private const long MostDraws = 1L << 29;

    /// <summary>The first column of the slice.</summary>
    public required int SliceStart { get; init; }

    /// <summary>Columns of x in the slice.</summary>
    public required int SliceColumns { get; init; }

    /// <summary>Columns of x in all.</summary>
    public required int Columns { get; init; }

    /// <summary>I_emp of the slice.</summary>
    public required double SliceBits { get; init; }

    /// <summary>The first step of <see cref="Bins"/>: the second half of a training counts as fitted. Large ones are looked at now and
    /// then.</summary>
    public required int FittedFrom { get; init; }

    /// <summary>The step whose value is reported.</summary>
    public required int MaxStep { get; init; }

    /// <summary>F of that step.</summary>
    [JsonPropertyName("max_step_f")]
    public required int MaxStepCoincidences { get; init; }

    /// <summary>Steps whose sum of e^T is infinite in single precision, as the published script computes it.</summary>
    public required int OverflowSteps { get; init; }

    /// <summary>The first of them; -1 if there is none. From there on that script has no finite value.</summary>
    public required int FirstOverflow { get; init; }

    /// <summary>By F, ascending; a bin of F = 0 holds these steps alone.</summary>
    [JsonPropertyName("by_f")]
    public required IReadOnlyList<CoincidenceBin> Bins { get; init; }

    /// <summary>Fitted steps that were looked at.</summary>
    public int FittedSteps => Bins.Sum(bin => bin.Steps);

    /// <summary>Mean of F over them; mu in the long run.</summary>
    public double MeanCoincidences => Bins.Sum(bin => bin.Steps * bin.Coincidences) / FittedSteps;

    /// <summary>Fitted steps without a coincidence: nothing bounds these.</summary>
    public int StepsWithout => Bins.Where(bin => bin.Coincidences == 0).Sum(bin => bin.Steps);

    /// <summary>Least squares over the fitted steps with F &gt; 0; NaN if F never differs.</summary>
    public double Slope
    {
        get
        {
            var bins = Bins.Where(bin => bin.Coincidences > 0).ToList();
            double steps = bins.Sum(bin => bin.Steps);
            var (x, y) = (bins.Sum(bin => bin.Steps * bin.MinusLog2) / steps, bins.Sum(bin => bin.Steps * bin.MeanBits) / steps);
            var spread = bins.Sum(bin => bin.Steps * (bin.MinusLog2 - x) * (bin.MinusLog2 - x));
            return spread > 1e-12 * steps ? bins.Sum(bin => bin.Steps * (bin.MinusLog2 - x) * (bin.MeanBits - y)) / spread : double.NaN;
        }
    }

    /// <summary>F of the shuffles of some steps, drawn again from their key.</summary>
    internal static int[] Coincidences(JointClasses joint, ShuffledPairs rows, ulong seed, uint cell, IReadOnlyList<int> steps)
    {
        var partners = joint.Support.GroupBy(pair => pair.A).OrderBy(group => group.Key)
            .Select(group => group.Select(pair => pair.B).Order().ToArray()).ToArray();
        var found = new int[steps.Count];
        Parallel.For(0, steps.Count, at =>
        {
            var permutation = new FeistelPermutation(rows.Count, seed, cell, steps[at]);
            for (var i = 0; i < rows.Count; i++)
            {
                var own = partners[rows.X[i]];
                var met = rows.Y[permutation.Apply(i)];
                found[at] += (own.Length == 1 ? own[0] == met : Array.BinarySearch(own, met) >= 0) ? 1 : 0;
            }
        });
        return found;
    }

    internal static ProtocolTrace Of(JointClasses joint, ShuffledPairs rows, (int Start, int Count) slice, CriticTraining training)
    {
        var values = training.Values;
        var best = Enumerable.Range(0, values.Count).MaxBy(step => values[step].Bits);
        var every = (int)Math.Max(1, (long)rows.Count * (values.Count / 2) / MostDraws);
        int[] fitted = [.. Enumerable.Range(values.Count / 2, values.Count - values.Count / 2).Where(step => step % every == 0)];
        var coincidences = Coincidences(joint, rows, training.Seed, training.Cell, [best, .. fitted]);
        int[] overflows = [.. Enumerable.Range(0, values.Count)
            .Where(step => values[step].LogPartition + Math.Log(rows.Count) > LargestLog)];
        return new()
        {
            SliceStart = slice.Start,
            SliceColumns = slice.Count,
            Columns = joint.X.Columns,
            SliceBits = slice.Count == joint.X.Columns && slice.Count == joint.Y.Columns ? joint.Bits
                : joint.SliceBits(slice.Start, PublishedMine.SliceColumns),
            FittedFrom = values.Count / 2,
            Bins = Group([.. fitted.Zip(coincidences[1..], (step, count) => (count, values[step].Bits))]),
            MaxStep = best,
            MaxStepCoincidences = coincidences[0],
            OverflowSteps = overflows.Length,
            FirstOverflow = overflows.Length > 0 ? overflows[0] : -1,
        };
    }

    /// <summary>Every F has a bin of its own if these are few enough.</summary>
    private static CoincidenceBin[] Group((int Coincidences, double Bits)[] steps)
    {
        var (least, most) = (Math.Max(1, steps.Min(step => step.Coincidences)), steps.Max(step => step.Coincidences));
        var width = Math.Max(1, (most - least + MostBins) / MostBins);
        return
        [
            .. steps.GroupBy(step => step.Coincidences == 0 ? -1 : (step.Coincidences - least) / width).OrderBy(bin => bin.Key)
                .Select(bin => new CoincidenceBin(
                bin.Average(step => step.Coincidences), bin.Count(), bin.Key < 0 ? 0
                    : bin.Average(step => -Math.Log2(step.Coincidences)), bin.Average(step => step.Bits), bin.Max(step => step.Bits))),
        ];
    }
}
