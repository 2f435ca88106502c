using Emergence.Devices;
using Emergence.Devices.Randomness;

namespace Emergence.Information.Statistics;

/// <summary>Orders of rows in which nothing of one side says anything of the other.</summary>
public static class Shuffles
{
    /// <summary>So many seeded orders. Rows in time order are moved in runs that keep their own dependence.</summary>
    /// <param name="rows">N.</param>
    /// <param name="count">How many.</param>
    /// <param name="run">Rows that stay together; 1 or fewer: each is moved alone.</param>
    /// <param name="seed">Seed of all orders.</param>
    public static IEnumerable<int[]> Of(int rows, int count, int run, ulong seed)
    {
        var random = new RandomSequence(seed, 4, RandomStream.Resampling);
        var length = Math.Clamp(run, 1, Math.Max(1, rows / 2));
        var starts = Enumerable.Range(0, Ceiling.Of(rows, length)).Select(part => part * length).ToArray();
        for (var i = 0; i < count; i++)
        {
            random.Shuffle(starts.AsSpan());
            yield return [.. starts.SelectMany(start => Enumerable.Range(start, Math.Min(length, rows - start)))];
        }
    }

    /// <summary>Chance to see as large a value if there is no dependence: (1 + shuffles that reach it) / (1 + shuffles).</summary>
    public static double PValue(double value, IReadOnlyCollection<double> shuffled)
    {
        ArgumentNullException.ThrowIfNull(shuffled);
        return (1.0 + shuffled.Count(other => other >= value)) / (1 + shuffled.Count);
    }

    /// <summary>p-values of many tests together, by Holm: the chance of any false one among them.</summary>
    public static double[] Holm(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var corrected = new double[values.Count];
        var (rank, least) = (0, 0.0);
        foreach (var i in Enumerable.Range(0, values.Count).OrderBy(i => values[i]))
            corrected[i] = least = Math.Max(least, Math.Min(1, values[i] * (values.Count - rank++)));
        return corrected;
    }
}
