using Emergence.Devices.Randomness;

namespace Emergence.Studies;

/// <summary>
/// Parts of a set without replacement, and what two lists of values say about each other. Rows are never drawn with
/// replacement: repeated rows lower a plug-in entropy.
/// </summary>
internal static class Subsampling
{
    /// <summary>(n) different numbers below <paramref name="count"/>; the same for the same seed and draw.</summary>
    public static int[] Draw(int count, int size, ulong seed, uint draw)
    {
        var numbers = Enumerable.Range(0, count).ToArray();
        var random = new RandomSequence(seed, draw, RandomStream.Tasks);
        for (var i = 0; i < size; i++)
        {
            var j = i + random.NextInt(count - i);
            (numbers[i], numbers[j]) = (numbers[j], numbers[i]);
        }

        return numbers[..size];
    }

    /// <summary>P(a > b) + P(a = b) / 2 of independent draws: 0.5 if nothing tells the lists apart.</summary>
    public static double AreaUnderCurve(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        var sum = 0.0;
        foreach (var left in a)
        {
            foreach (var right in b)
                sum += left > right ? 1 : left == right ? 0.5 : 0;
        }

        return sum / a.Count / b.Count;
    }

    /// <summary>Quantile with linear interpolation between the sorted values.</summary>
    public static double Quantile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToList();
        var place = share * (sorted.Count - 1);
        var below = (int)Math.Floor(place);
        return below + 1 < sorted.Count ? sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
    }
}
