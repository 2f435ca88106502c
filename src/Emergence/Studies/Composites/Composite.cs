using Emergence.Devices.Randomness;

namespace Emergence.Studies.Composites;

/// <summary>An image of several digits, one of which is told.</summary>
/// <param name="Images">Images of its cells, row by row.</param>
/// <param name="Digits">Digits of its cells.</param>
/// <param name="Label">The digit that is told: that of a cell drawn at random.</param>
internal sealed record Composite(int[] Images, int[] Digits, int Label)
{
    /// <summary>The digits that are there, each once, in rising order.</summary>
    public int[] Set { get; } = [.. Digits.Distinct().Order()];
}

/// <summary>What composites are like: how many cells, and whether a digit may be there twice.</summary>
/// <param name="Grid">Grid of the cells.</param>
/// <param name="IsDistinct">All digits of a composite differ.</param>
internal sealed record CompositeKind(CompositeGrid Grid, bool IsDistinct)
{
    /// <summary>
    /// The lowest loss: the told digit given the picture is uncertain by the entropy of a cell's digit, ln of the number of
    /// cells if all differ.
    /// </summary>
    public double LowestLoss(IReadOnlyList<Composite> composites) => composites.Average(composite => composite.Digits
        .CountBy(digit => digit).Sum(pair => -(double)pair.Value / Grid.Cells * Math.Log((double)pair.Value / Grid.Cells)));

    /// <summary>Chance that the highest scores are the digits of the picture if scores say nothing.</summary>
    public static double Chance(IReadOnlyList<Composite> composites) =>
        composites.Average(composite => 1 / Subsets(DigitImages.Classes, composite.Set.Length));

    /// <summary>H of the set of digits in bits, if every digit is drawn alike.</summary>
    /// <param name="classes">Digits to draw from.</param>
    public double SetBits(int classes)
    {
        if (IsDistinct)
            return Math.Log2(Subsets(classes, Grid.Cells));

        // Of the sets of m digits each has the same chance: surjections of the cells onto the m digits / classes^cells.
        var bits = 0.0;
        for (var m = 1; m <= Math.Min(classes, Grid.Cells); m++)
        {
            var onto = 0.0;
            for (var j = 0; j <= m; j++)
                onto += (j % 2 == 0 ? 1 : -1) * Subsets(m, j) * Math.Pow(m - j, Grid.Cells);
            var chance = onto / Math.Pow(classes, Grid.Cells);
            bits -= Subsets(classes, m) * chance * Math.Log2(chance);
        }

        return bits;
    }

    /// <summary>Binomial coefficient.</summary>
    public static double Subsets(int of, int count)
    {
        var subsets = 1.0;
        for (var i = 0; i < count; i++)
            subsets = subsets * (of - i) / (i + 1);
        return Math.Round(subsets);
    }

    /// <summary>Composites of some of the images: digits first, then an image of each.</summary>
    public Composite[] Draw(DigitImages images, ReadOnlySpan<int> from, int count, RandomSequence random)
    {
        var byDigit = new List<int>[DigitImages.Classes];
        for (var digit = 0; digit < byDigit.Length; digit++)
            byDigit[digit] = [];
        foreach (var image in from)
            byDigit[images.Labels[image]].Add(image);
        int[] present = [.. Enumerable.Range(0, byDigit.Length).Where(digit => byDigit[digit].Count > 0)];
        if (present.Length == 0 || (IsDistinct && present.Length < Grid.Cells))
            throw new EmergenceException(
                $"{images.Source}: {present.Length} different digits among {from.Length} of its images: expected "
                + $"{(IsDistinct ? Grid.Cells : 1)} or more for a grid of {Grid}", ExitCode.Usage);
        var composites = new Composite[count];
        for (var n = 0; n < count; n++)
        {
            int[] digits;
            if (IsDistinct)
            {
                random.Shuffle(present.AsSpan());
                digits = present[..Grid.Cells];
            }
            else
            {
                digits = new int[Grid.Cells];
                for (var cell = 0; cell < digits.Length; cell++)
                    digits[cell] = present[random.NextInt(present.Length)];
            }

            int[] chosen = Array.ConvertAll(digits, digit => byDigit[digit][random.NextInt(byDigit[digit].Count)]);
            composites[n] = new(chosen, digits, digits[random.NextInt(digits.Length)]);
        }

        return composites;
    }
}
