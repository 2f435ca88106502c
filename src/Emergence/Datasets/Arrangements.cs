namespace Emergence.Datasets;

/// <summary>
/// The n (n-1) ... (n-s+1) ordered choices of s different items of n, numbered in mixed radix: the digit of a place counts
/// the items not used before it.
/// </summary>
internal static class Arrangements
{
    /// <summary>How many there are; null if that is 2^63 or more.</summary>
    public static long? Count(int items, int places)
    {
        var product = 1L;
        for (var place = 0; place < places; place++)
        {
            if (items - place > 0 && product > long.MaxValue / (items - place))
                return null;
            product *= Math.Max(0, items - place);
        }

        return product;
    }

    /// <summary>(s) indices of the items of arrangement <paramref name="number"/>.</summary>
    public static int[] At(long number, int items, int places)
    {
        var left = Enumerable.Range(0, items).ToList();
        var digits = new int[places];
        for (var place = places - 1; place >= 0; place--)
            (number, digits[place]) = (number / (items - place), (int)(number % (items - place)));
        for (var place = 0; place < places; place++)
        {
            var digit = digits[place];
            digits[place] = left[digit];
            left.RemoveAt(digit);
        }

        return digits;
    }
}
