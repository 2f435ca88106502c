using Emergence.Datasets;

namespace Emergence.Tests.Datasets;

public sealed class SequenceSamplerTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(303_600, 2_000)]
    [InlineData(40_000_000_000, 1_000)]
    public void Numbers_do_not_repeat_and_lie_in_the_range(long available, int count)
    {
        var drawn = SequenceSampler.Draw(available, count, withReplacement: false, seed: 1);

        Assert.Equal(count, drawn.Distinct().Count());
        Assert.All(drawn, number => Assert.InRange(number, 0, available - 1));
        Assert.Equal(drawn.Order(), drawn);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void Asking_for_all_or_more_gives_all(int count) =>
        Assert.Equal([0, 1, 2, 3, 4], SequenceSampler.Draw(5, count, withReplacement: false, seed: 3));

    [Fact]
    public void The_seed_decides()
    {
        Assert.Equal(SequenceSampler.Draw(1000, 50, false, 1), SequenceSampler.Draw(1000, 50, false, 1));
        Assert.NotEqual(SequenceSampler.Draw(1000, 50, false, 1), SequenceSampler.Draw(1000, 50, false, 2));
    }

    [Fact]
    public void Every_number_is_equally_likely()
    {
        // 4 of 10 for 5,000 seeds: each number 2,000 times, SD sqrt(5000 * .4 * .6) = 34.6; five SD pass in 10 numbers.
        var counts = new int[10];
        for (var seed = 1ul; seed <= 5_000; seed++)
        {
            foreach (var number in SequenceSampler.Draw(10, 4, false, seed))
                counts[number]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 2_000 - 175, 2_000 + 175));
    }

    [Fact]
    public void With_replacement_numbers_repeat()
    {
        var drawn = SequenceSampler.Draw(10, 1_000, withReplacement: true, seed: 1);

        Assert.Equal(1_000, drawn.Length);
        Assert.Equal(10, drawn.Distinct().Count());
    }
}
