using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;

namespace Emergence.Tests.Devices.Randomness;

public class SamplingTests
{
    /// <summary>Known answers published with the generator (Random123, kat_vectors).</summary>
    [Fact]
    public void Philox_known_answers()
    {
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), Philox.Block(0, 0, 0, 0, 0));
        const uint All = 0xffffffff;
        Assert.Equal((0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu), Philox.Block(All, All, All, All, ulong.MaxValue));
        Assert.Equal((0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u), Philox.Block(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0x299f31d0a4093822));
    }

    [Fact]
    public void Feistel_is_a_bijection()
    {
        for (var n = 1; n <= 300; n++)
        {
            var permutation = new FeistelPermutation(n, seed: 5, cell: (uint)n, step: 1);
            var seen = new bool[n];
            for (var i = 0; i < n; i++)
            {
                var image = permutation.Apply(i);
                Assert.InRange(image, 0, n - 1);
                Assert.False(seen[image]);
                seen[image] = true;
            }
        }
    }

    [Fact]
    public void Feistel_meets_fixed_points_as_often_as_chance()
    {
        // Fixed points of a random permutation are Poisson(1): 2,000 permutations have 2,000 +- 45 of them; 6 sigma.
        var fixedPoints = 0;
        for (var step = 0; step < 2000; step++)
        {
            var permutation = new FeistelPermutation(257, 9, 0, step);
            fixedPoints += Enumerable.Range(0, 257).Count(i => permutation.Apply(i) == i);
        }

        Assert.InRange(fixedPoints, 2000 - 270, 2000 + 270);
    }

    [Fact]
    public void Alias_table_holds_the_probabilities()
    {
        foreach (var weights in new double[][] { [1], [3, 1], [0, 5, 0, 1], [.. Enumerable.Range(1, 257).Select(i => 1.0 / i)] })
        {
            var table = new AliasTable(weights);
            var mass = new double[weights.Length];
            for (var slot = 0; slot < weights.Length; slot++)
            {
                var own = table.Thresholds[slot] / 4294967296.0;
                mass[slot] += own / weights.Length;
                mass[table.Aliases[slot]] += (1 - own) / weights.Length;
            }

            // A slot's share is rounded to 2^-32.
            for (var i = 0; i < weights.Length; i++)
                Assert.Equal(weights[i] / weights.Sum(), mass[i], 1.0 / 4294967296 + 1e-13);
        }
    }

    [Fact]
    public void Alias_table_refuses_weights_without_a_sum()
    {
        Assert.Throws<ArgumentException>(() => new AliasTable([]));
        Assert.Throws<ArgumentException>(() => new AliasTable([0, 0]));
        Assert.Throws<ArgumentException>(() => new AliasTable([double.NaN]));
    }

    [Fact]
    public void Pairs_off_the_support_follow_the_product_and_never_meet_it()
    {
        double[] u = [0.5, 0.3, 0.2], v = [0.1, 0.2, 0.3, 0.4];
        (int A, int B)[] support = [(0, 0), (0, 3), (1, 1), (2, 0), (2, 1), (2, 2)];
        const int Count = 200_000;
        var source = new OffSupportPairs(Count, new AliasTable(u), new AliasTable(v), support);
        var (a, b) = (new int[Count], new int[Count]);
        source.Draw(1, 2, 3, a, b);
        var mass = 1 - support.Sum(pair => u[pair.A] * v[pair.B]);
        for (var i = 0; i < u.Length; i++)
        {
            for (var j = 0; j < v.Length; j++)
            {
                var expected = support.Contains((i, j)) ? 0 : u[i] * v[j] / mass;
                var found = Enumerable.Range(0, Count).Count(p => a[p] == i && b[p] == j) / (double)Count;
                Assert.Equal(expected, found, 5 * Math.Sqrt(expected * (1 - expected) / Count));
            }
        }
    }

    [Fact]
    public void Draws_depend_on_seed_cell_and_step_only()
    {
        var source = new ShuffledPairs(100);
        Assert.Equal(Draw(1, 2, 3), Draw(1, 2, 3));
        Assert.NotEqual(Draw(1, 2, 3), Draw(2, 2, 3));
        Assert.NotEqual(Draw(1, 2, 3), Draw(1, 3, 3));
        Assert.NotEqual(Draw(1, 2, 3), Draw(1, 2, 4));

        int[] Draw(ulong seed, uint cell, int step)
        {
            var (a, b) = (new int[100], new int[100]);
            source.Draw(seed, cell, step, a, b);
            Assert.Equal(Enumerable.Range(0, 100), a);
            return b;
        }
    }
}
