using System.IO.Compression;
using Emergence.Devices.Randomness;
using Emergence.Information.Statistics;
using Emergence.Pictures;
using Emergence.Studies.Composites;

namespace Emergence.Tests.Studies.Composites;

public sealed class CompositeTests
{
    private static readonly DigitImages s_images =
        new("made", 1, 1, [.. Enumerable.Range(0, 60).Select(i => new[] { i / 60f })], [.. Enumerable.Range(0, 60).Select(i => i % 10)]);

    [Fact]
    public void Digits_of_a_composite_differ_and_one_of_them_is_told()
    {
        var kind = new CompositeKind(CompositeGrid.Parse("2x2"), IsDistinct: true);
        var drawn = kind.Draw(s_images, Enumerable.Range(10, 40).ToArray(), 500, new RandomSequence(3, 0, RandomStream.Tasks));

        Assert.All(drawn, composite =>
        {
            Assert.Equal(4, composite.Set.Length);
            Assert.Contains(composite.Label, composite.Digits);
            Assert.Equal(composite.Digits, composite.Images.Select(image => s_images.Labels[image]));
            Assert.All(composite.Images, image => Assert.InRange(image, 10, 49));
        });

        // Of 210 sets 500 draws meet 190.7 on average, with a standard deviation of 3.7: four of them.
        Assert.Equal(190.7, drawn.Select(composite => string.Join(' ', composite.Set)).Distinct().Count(), 15.0);
        Assert.Equal(Math.Log(4), kind.LowestLoss(drawn), 1e-12);
        Assert.Equal(1 / 210.0, CompositeKind.Chance(drawn), 1e-12);
    }

    [Fact]
    public void Fewer_composites_are_the_first_of_more()
    {
        var kind = new CompositeKind(new(2, 3), IsDistinct: false);
        IEnumerable<string> Draw(int count) => kind.Draw(s_images, Enumerable.Range(0, 60).ToArray(), count,
            new RandomSequence(1, 2, RandomStream.Tasks)).Select(each => string.Join(' ', each.Images));

        Assert.Equal(Draw(20), Draw(50).Take(20));
    }

    /// <summary>All 5^3 draws, counted.</summary>
    [Fact]
    public void Bits_of_the_set_of_repeated_digits_are_those_of_a_count()
    {
        var sets = (from a in Enumerable.Range(0, 5) from b in Enumerable.Range(0, 5) from c in Enumerable.Range(0, 5)
            select 1 << a | 1 << b | 1 << c).CountBy(set => set).Select(pair => pair.Value / 125.0);

        Assert.Equal(sets.Sum(p => -p * Math.Log2(p)), new CompositeKind(new(1, 3), IsDistinct: false).SetBits(5), 1e-12);
        Assert.Equal(Math.Log2(10), new CompositeKind(new(1, 3), IsDistinct: true).SetBits(5), 1e-12);
    }

    [Fact]
    public void Chances_of_all_sets_add_up_to_one()
    {
        double[] scores = [.. new[] { 0.1, 0.3, 0.05, 0.25, 0.3 }.Select(p => Math.Log(p))];
        var sets = from a in Enumerable.Range(0, 5) from b in Enumerable.Range(a + 1, 4 - a) select new[] { a, b };

        Assert.Equal(1, sets.Sum(set => Math.Exp(SetGuess.LogChance(scores, set, 1.7))), 1e-12);
        var products = sets.Sum(set => set.Aggregate(1.0, (product, digit) => product * Math.Exp(scores[digit])));
        Assert.Equal(0.3 * 0.25 / products, Math.Exp(SetGuess.LogChance(scores, [1, 3], 1)), 1e-12);
    }

    [Fact]
    public void Ranks_hold_all_about_digits_that_are_always_first()
    {
        int[][] rankings = [.. Enumerable.Range(0, 10).Select(digit => Enumerable.Range(0, 10).Select(i => (digit + i) % 10).ToArray())];

        var (bits, ceiling) = RankInformation.Of(rankings, (n, digit) => digit == n);

        Assert.Equal(0.1 * Math.Log2(10) + 0.9 * Math.Log2(10 / 9.0), ceiling, 1e-12);
        Assert.Equal(ceiling, bits, 1e-12);
        Assert.Equal(0, RankInformation.Of(rankings, (_, _) => true).Bits, 1e-12);
    }

    /// <summary>Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Intervals_of_shares_are_Wilsons(long hits, long trials, double low, double high)
    {
        var share = new Proportion(hits, trials);

        Assert.Equal(low, share.Low, 5e-5);
        Assert.Equal(high, share.High, 5e-5);
    }

    [Fact]
    public void A_picture_is_a_png_of_its_pixels()
    {
        var png = GreyPng.Write([0, 50, 100, 150, 200, 250], 3);

        Assert.Equal([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], png[..8]);
        Assert.Equal([0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0], png[16..29]);
        using var pixels = new ZLibStream(new MemoryStream(png[41..^16]), CompressionMode.Decompress); // checks the sum
        using var lines = new MemoryStream();
        pixels.CopyTo(lines);
        Assert.Equal([0, 0, 50, 100, 0, 150, 200, 250], lines.ToArray());
        Assert.Equal([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82], png[^12..]);
    }
}
