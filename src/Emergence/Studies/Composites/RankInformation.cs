using Emergence.Information;
using Emergence.Information.Exact;
using Emergence.Information.Neighbours;

namespace Emergence.Studies.Composites;

/// <summary>Information about digits in the ranking and in the scores of a head, over the composites of a test.</summary>
internal static class RankInformation
{
    /// <summary>
    /// Mean over digits of I(fact about the digit; its rank) in bits, exact for these composites, and of the fact's entropy.
    /// </summary>
    /// <param name="rankings">(n): digits, the highest score first.</param>
    /// <param name="fact">Whether something holds of a composite and a digit.</param>
    public static (double Bits, double Ceiling) Of(int[][] rankings, Func<int, int, bool> fact)
    {
        var (bits, ceiling) = (0.0, 0.0);
        for (var digit = 0; digit < DigitImages.Classes; digit++)
        {
            var counts = new double[2, DigitImages.Classes];
            for (var n = 0; n < rankings.Length; n++)
                counts[fact(n, digit) ? 1 : 0, Array.IndexOf(rankings[n], digit)]++;
            double[] facts = [Row(counts, 0), Row(counts, 1)];
            double[] ranks = [.. Enumerable.Range(0, DigitImages.Classes).Select(rank => counts[0, rank] + counts[1, rank])];
            bits += (Bits(facts) + Bits(ranks) - Bits([.. counts.Cast<double>()])) / DigitImages.Classes;
            ceiling += Bits(facts) / DigitImages.Classes;
        }

        return (Math.Max(0, bits), ceiling);
    }

    /// <summary>I(scores; label) by neighbours of the same label, at most the label's entropy; NaN if they cannot tell.</summary>
    /// <param name="scores">(n, K).</param>
    /// <param name="labels">(n).</param>
    /// <param name="ceiling">H of the labels.</param>
    public static double ByNeighbours(double[][] scores, int[] labels, double ceiling)
    {
        var columns = Enumerable.Range(0, scores[0].Length).Select(c => SideColumn.Of($"score {c}", [.. scores.Select(row => row[c])]));
        var label = SideColumn.Of("label", Array.ConvertAll(labels, value => (double)value)).As(isLabels: true);
        var joint = new JointClasses(new RowClasses([.. columns]), new RowClasses([label]), isEnumeration: false);
        return Math.Clamp(EstimatorTable.OfRows(MixedNeighbourInformation.EstimatorName, joint, 0).MiBits, 0, ceiling);
    }

    private static double Row(double[,] counts, int row) => Enumerable.Range(0, counts.GetLength(1)).Sum(rank => counts[row, rank]);

    private static double Bits(double[] counts)
    {
        var present = Array.FindAll(counts, count => count > 0);
        return Entropy.Bits(present, present.Sum());
    }
}
