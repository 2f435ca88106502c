namespace Emergence.Devices.Randomness;

/// <summary>
/// Draws from a discrete distribution with two random words and one comparison (Walker's alias method). Probabilities
/// are whole multiples of 2^-32 of a slot, so that every device draws the same indices.
/// </summary>
public sealed class AliasTable
{
    /// <param name="weights">Non-negative weights, in any scale.</param>
    public AliasTable(ReadOnlySpan<double> weights)
    {
        var sum = 0.0;
        foreach (var weight in weights)
            sum += weight;
        if (weights.Length == 0 || !(sum > 0) || !double.IsFinite(sum))
            throw new ArgumentException($"expected weights with a positive sum, found {weights.Length} with the sum {sum}");

        Thresholds = new uint[weights.Length];
        Aliases = new int[weights.Length];
        var scaled = new double[weights.Length];
        var (small, large) = (new Stack<int>(), new Stack<int>());
        for (var i = weights.Length - 1; i >= 0; i--)
        {
            scaled[i] = weights[i] / sum * weights.Length;
            (scaled[i] < 1 ? small : large).Push(i);
        }

        while (small.Count > 0 && large.Count > 0)
        {
            var (less, more) = (small.Pop(), large.Pop());
            (Thresholds[less], Aliases[less]) = ((uint)Math.Min(uint.MaxValue, Math.Round(scaled[less] * 4294967296.0)), more);
            scaled[more] -= 1 - scaled[less];
            (scaled[more] < 1 ? small : large).Push(more);
        }

        // What is left is 1 but for rounding: such a slot is its own alias.
        foreach (var rest in small.Concat(large))
            (Thresholds[rest], Aliases[rest]) = (uint.MaxValue, rest);
    }

    /// <summary>Slot i yields i where the second word is below Thresholds[i], else Aliases[i].</summary>
    public uint[] Thresholds { get; }

    public int[] Aliases { get; }

    public int Draw(uint slotWord, uint word)
    {
        var slot = (int)(((ulong)slotWord * (ulong)Thresholds.Length) >> 32);
        return word < Thresholds[slot] ? slot : Aliases[slot];
    }
}
