using Emergence.Devices.Randomness;

namespace Emergence.Information.KnownMi;

/// <summary>
/// A model of one layer in 64 dimensions: x at slot t = tanh(sum over i &lt;= t of A_i E[token_i]), y = x + tanh(B x), with
/// E normal and A_i, B normal of variance 1/64. x and y are injective in the prefix, so I(x; y) is the entropy of the
/// first t + 1 tokens, as in a language model, and every estimator can be judged against it.
/// </summary>
public static class PrefixToy
{
    public const int Width = 64, Entities = 25, Slots = 4;

    /// <summary>I(x; y) at slot 0 .. 3 of sequences of distinct entities.</summary>
    public static double TrueBits(int slot) => Enumerable.Range(0, slot + 1).Sum(i => Math.Log2(Entities - i));

    /// <summary>N sequences of distinct entities drawn with replacement; x and y at one slot.</summary>
    public static PairSample Sample(int slot, int rows, RandomSequence random)
    {
        var embedding = Samplers.NormalVectors(random, Entities, Width);
        var mix = Samplers.NormalVectors(random, Width, Width, 1 / Math.Sqrt(Width));
        var maps = Enumerable.Range(0, Slots).Select(_ => Samplers.NormalVectors(random, Width, Width, 1 / Math.Sqrt(Width))).ToArray();
        var deck = Enumerable.Range(0, Entities).ToArray();
        var sum = new double[Width];
        return Samplers.ByRow(Width, Width, (source, x, y) =>
        {
            Array.Clear(sum);
            for (var i = 0; i <= slot; i++)
            {
                var pick = i + source.NextInt(Entities - i);
                (deck[i], deck[pick]) = (deck[pick], deck[i]);
                AddProduct(maps[i], embedding.AsSpan(deck[i] * Width, Width), sum);
            }

            for (var i = 0; i < Width; i++)
                x[i] = Math.Tanh(sum[i]);
            y.Clear();
            AddProduct(mix, x, y);
            for (var i = 0; i < Width; i++)
                y[i] = x[i] + Math.Tanh(y[i]);
        })(rows, random);
    }

    /// <summary>result += matrix (64, 64) vector.</summary>
    private static void AddProduct(double[] matrix, ReadOnlySpan<double> vector, Span<double> result)
    {
        for (var row = 0; row < Width; row++)
        {
            for (var column = 0; column < Width; column++)
                result[row] += matrix[row * Width + column] * vector[column];
        }
    }
}
