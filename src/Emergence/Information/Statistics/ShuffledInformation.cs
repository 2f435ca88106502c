using Emergence.Devices.Randomness;

namespace Emergence.Information.Statistics;

/// <summary>Counted information beside what the same names say when one side is shuffled.</summary>
internal static class ShuffledInformation
{
    private const int Shuffles = 10;

    /// <summary>Plug-in bits less their mean over shuffles of y, and the SD over the shuffles.</summary>
    public static (double Bits, double Deviation) Excess(int[] x, int[] y)
    {
        var random = new RandomSequence(0, 3, RandomStream.Resampling);
        var shuffled = (int[])y.Clone();
        var chance = new double[Shuffles];
        for (var i = 0; i < Shuffles; i++)
        {
            random.Shuffle(shuffled.AsSpan());
            chance[i] = JointBits(x, shuffled);
        }

        // H(x) + H(y) is the same for all, so that only the joint entropy differs.
        return (chance.Average() - JointBits(x, y), StandardDeviation.Of(chance));
    }

    private static double JointBits(int[] x, int[] y)
    {
        var counts = new Dictionary<(int, int), int>();
        for (var row = 0; row < x.Length; row++)
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, (x[row], y[row]), out _)++;
        return counts.Values.Sum(count => -(double)count / x.Length * Math.Log2((double)count / x.Length));
    }
}
