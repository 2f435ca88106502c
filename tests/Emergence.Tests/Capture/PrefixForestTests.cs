using Emergence.Capture;

namespace Emergence.Tests.Capture;

public sealed class PrefixForestTests
{
    /// <summary>The last child of a row takes its place: states wait for as many branchings as lie on one path.</summary>
    [Fact]
    public void States_wait_in_as_many_places_as_branchings_lie_on_a_path()
    {
        Assert.Equal(1, PrefixForest.Macro([[1, 2, 3, 4], [5, 6]]).Places);
        Assert.Equal(2, PrefixForest.Macro([[1, 2], [1, 3], [1, 4], [1, 5]]).Places);
        Assert.Equal(3, PrefixForest.Macro([[1, 2, 3], [1, 2, 4], [1, 5, 6]]).Places);
        Assert.Equal((1, 3), (PrefixForest.Micro([[1, 2, 3]]).Places, PrefixForest.Macro([[1, 2, 3], [1]]).Depth));
    }

    [Fact]
    public void Every_distinct_prefix_is_one_row_in_depth_first_order()
    {
        int[][] sequences = [[2, 1, 5], [1, 7], [2, 1, 4], [2], [1, 7], [2, 3]];
        var forest = PrefixForest.Macro(sequences);

        // 1, 17, 2, 21, 214, 215, 23
        Assert.Equal([1, 7, 2, 1, 4, 5, 3], forest.Tokens);
        Assert.Equal([-1, 0, -1, 2, 3, 3, 2], forest.Parents);
        Assert.Equal([0, 1, 0, 1, 2, 2, 1], forest.Positions);
        Assert.Equal([2, 3, 5], forest.Rows(0).ToArray());
        Assert.Equal([0, 1], forest.Rows(1).ToArray());
        Assert.Equal([2, 3, 4], forest.Rows(2).ToArray());
        Assert.Equal([2], forest.Rows(3).ToArray());
        Assert.Equal([0, 1], forest.Rows(4).ToArray());
        Assert.Equal([2, 6], forest.Rows(5).ToArray());
        Assert.Equal((7, 6), (forest.Count, forest.Sequences));
    }

    [Fact]
    public void Rows_spell_the_sequences_and_are_as_many_as_distinct_prefixes()
    {
        var random = new Random(11);
        var sequences = Enumerable.Range(0, 500).Select(_ => Enumerable.Range(0, random.Next(1, 7)).Select(_ => random.Next(4)).ToArray())
            .ToArray();
        var forest = PrefixForest.Macro(sequences);
        var prefixes = new HashSet<string>();
        for (var s = 0; s < sequences.Length; s++)
        {
            var rows = forest.Rows(s).ToArray();
            Assert.Equal(sequences[s], rows.Select(row => forest.Tokens[row]));
            Assert.Equal(rows.Prepend(-1).SkipLast(1), rows.Select(row => forest.Parents[row]));
            for (var t = 1; t <= rows.Length; t++)
                prefixes.Add(string.Join(' ', sequences[s].Take(t)));
        }

        Assert.Equal(prefixes.Count, forest.Count);
        Assert.All(Enumerable.Range(0, forest.Count), row => Assert.True(forest.Parents[row] < row));
    }

    [Fact]
    public void Micro_rows_are_distinct_tokens_or_distinct_tokens_and_positions()
    {
        int[][] sequences = [[9, 3], [3, 3, 4]];
        var zero = PrefixForest.Micro(sequences);
        Assert.Equal([3, 4, 9], zero.Tokens);
        Assert.Equal([0, 0, 0], zero.Positions);
        Assert.Equal([-1, -1, -1], zero.Parents);
        Assert.Equal([2, 0], zero.Rows(0).ToArray());
        Assert.Equal([0, 0, 1], zero.Rows(1).ToArray());

        var own = PrefixForest.Micro(sequences, MicroPosition.Own);
        Assert.Equal([(3, 0), (3, 1), (4, 2), (9, 0)], own.Tokens.Zip(own.Positions));
        Assert.Equal([3, 1], own.Rows(0).ToArray());
        Assert.Equal([0, 1, 2], own.Rows(1).ToArray());
    }

    [Fact]
    public void Shared_prefixes_are_few_where_sequences_repeat_themselves()
    {
        // All ordered triples of 6 distinct entities, a comma after each: 6 + 6 + 30 + 30 + 120 + 120 prefixes.
        int[] entities = [10, 11, 12, 13, 14, 15];
        var sequences = from a in entities from b in entities from c in entities
            where a != b && b != c && a != c select new[] { a, 1, b, 1, c, 1 };
        Assert.Equal(312, PrefixForest.Macro([.. sequences]).Count);
    }
}
