using Emergence.Datasets;

namespace Emergence.Tests.Datasets;

public sealed class DatasetTests
{
    [Fact]
    public void Entropies_of_a_hand_made_set()
    {
        // Rows: (1,5) (1,5) (1,6) (2,6). Token 0: 3/4, 1/4; token 1: 1/2, 1/2; pairs: 1/2, 1/4, 1/4.
        var data = new Dataset("hand", "none", 2, [1, 5, 1, 5, 1, 6, 2, 6]);

        Assert.Equal(4, data.Count);
        Assert.Equal(2, data.Log2N);
        Assert.Equal(0.8112781244591328, data.TokenBits[0], 1e-15);
        Assert.Equal(1, data.TokenBits[1], 1e-15);
        Assert.Equal(0.8112781244591328, data.PrefixBits[0], 1e-15);
        Assert.Equal(1.5, data.PrefixBits[1], 1e-15);
        Assert.Equal([2, 3], data.DistinctPrefixes);
    }

    [Fact]
    public void The_id_depends_on_everything_that_matters()
    {
        int[] tokens = [1, 2, 3, 4];
        string[] ids =
        [
            new Dataset("a", "none", 2, tokens).Id,
            new Dataset("a", "other", 2, tokens).Id,
            new Dataset("a", "none", 4, tokens).Id,
            new Dataset("a", "none", 2, [1, 2, 3, 5]).Id,
            new Dataset("a", "none", 2, tokens) { IsEnumeration = true }.Id,
            new Dataset("a", "none", 2, tokens) { BeginningOfSequence = 1 }.Id,
        ];

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal(ids[0], new Dataset("another name", "none", 2, tokens).Id);
    }
}
