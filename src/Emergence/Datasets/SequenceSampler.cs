using Emergence.Devices.Randomness;

namespace Emergence.Datasets;

/// <summary>Chooses which of the numbers 0 .. available-1 become sequences.</summary>
internal static class SequenceSampler
{
    /// <summary>
    /// Without repetition (ascending; all of them when <paramref name="count"/> reaches <paramref name="available"/>) by
    /// Floyd's algorithm, which takes one draw and one look-up per number; with replacement in the order drawn.
    /// </summary>
    public static long[] Draw(long available, int count, bool withReplacement, ulong seed)
    {
        if (withReplacement)
            return [.. Enumerable.Range(0, count).Select(i => Below(available, i, seed))];
        if (count >= available)
            return [.. Enumerable.Range(0, checked((int)available)).Select(i => (long)i)];

        var chosen = new HashSet<long>(count);
        for (var i = 0; i < count; i++)
        {
            var last = available - count + i;
            var drawn = Below(last + 1, i, seed);
            chosen.Add(chosen.Contains(drawn) ? last : drawn);
        }

        var sorted = chosen.ToArray();
        Array.Sort(sorted);
        return sorted;
    }

    /// <summary>Uniform below the limit from 64 random bits; the bias is limit / 2^64.</summary>
    private static long Below(long limit, int index, ulong seed)
    {
        var (low, high, _, _) = Philox.Block((uint)index, 0, 0, (uint)RandomStream.Sequences, seed);
        return (long)Math.BigMul(((ulong)high << 32) | low, (ulong)limit, out _);
    }
}
