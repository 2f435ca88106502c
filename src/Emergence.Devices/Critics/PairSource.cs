using Emergence.Devices.Randomness;

namespace Emergence.Devices.Critics;

/// <summary>A source of the pairs of a step that are not fixed: it gives every device the same.</summary>
public abstract class PairSource
{
    /// <summary>All pairs are fixed.</summary>
    public static PairSource None { get; } = new NoPairs();

    /// <summary>Pairs a step.</summary>
    public abstract int Count { get; }

    /// <summary>Fills a and b, of length Count, for step 0, 1, ...</summary>
    public abstract void Draw(ulong seed, uint cell, int step, Span<int> a, Span<int> b);

    private sealed class NoPairs : PairSource
    {
        public override int Count => 0;

        public override void Draw(ulong seed, uint cell, int step, Span<int> a, Span<int> b)
        {
        }
    }
}

/// <summary>
/// Every row i of x with row permutation(i) of y: one fresh shuffle of the full batch a step (the published protocol).
/// Rows may repeat: x[i] and y[i] say where the vectors of row i lie.
/// </summary>
public sealed class ShuffledPairs(int[] x, int[] y) : PairSource
{
    public ShuffledPairs(int rows)
        : this([.. Enumerable.Range(0, rows)], [.. Enumerable.Range(0, rows)])
    {
    }

    /// <summary>N entries.</summary>
    public IReadOnlyList<int> X => x;

    /// <summary>N entries.</summary>
    public IReadOnlyList<int> Y => y;

    public override int Count => x.Length;

    public override void Draw(ulong seed, uint cell, int step, Span<int> a, Span<int> b)
    {
        var permutation = new FeistelPermutation(Count, seed, cell, step);
        for (var i = 0; i < Count; i++)
            (a[i], b[i]) = (x[i], y[permutation.Apply(i)]);
    }
}

/// <summary>
/// Pairs out of a list, each as often as its weight says, then pairs of another source. Pair p of the first uses two words of the
/// Philox block with counter (p + pairs of the other source, step, cell, stream), which that source leaves free.
/// </summary>
public sealed class ListedPairs : PairSource
{
    private readonly int _draws;
    private readonly AliasTable _weights;
    private readonly int[] _a;
    private readonly int[] _b;
    private readonly OffSupportPairs _others;

    /// <param name="draws">Pairs from the list.</param>
    /// <param name="weights">Weights of each pair of the list.</param>
    /// <param name="a">Row of x of each.</param>
    /// <param name="b">Row of y of each.</param>
    /// <param name="others">Draws the other pairs.</param>
    public ListedPairs(int draws, AliasTable weights, int[] a, int[] b, OffSupportPairs others)
    {
        if (weights.Aliases.Length != a.Length || a.Length != b.Length)
            throw new ArgumentException($"expected as many weights and rows, found {weights.Aliases.Length}, {a.Length}, {b.Length}");
        (_draws, _weights, _a, _b, _others) = (draws, weights, a, b, others);
    }

    public override int Count => _draws + _others.Count;

    public override void Draw(ulong seed, uint cell, int step, Span<int> a, Span<int> b)
    {
        for (var pair = 0; pair < _draws; pair++)
        {
            var (slot, word, _, _) = Philox.Block((uint)(pair + _others.Count), (uint)step, cell, (uint)_others.Stream, seed);
            var drawn = _weights.Draw(slot, word);
            (a[pair], b[pair]) = (_a[drawn], _b[drawn]);
        }

        _others.Draw(seed, cell, step, a[_draws..], b[_draws..]);
    }
}

/// <summary>
/// Independent pairs (a, b) ~ u x v, drawn again while the pair is in the support S. Attempt r of pair p uses the Philox
/// block with counter (p, step, cell, stream + 256 r): two words choose a, two choose b.
/// </summary>
public sealed class OffSupportPairs : PairSource
{
    /// <param name="count">P.</param>
    /// <param name="x">Weights u.</param>
    /// <param name="y">Weights v.</param>
    /// <param name="support">Pairs of S, sorted by a, then b.</param>
    /// <param name="stream">Random numbers that decide.</param>
    public OffSupportPairs(
        int count, AliasTable x, AliasTable y, ReadOnlySpan<(int A, int B)> support, RandomStream stream = RandomStream.Pairs)
    {
        (Count, X, Y, Stream) = (count, x, y, stream);
        RowStarts = new int[x.Aliases.Length + 1];
        Columns = new int[support.Length];
        for (var i = 0; i < support.Length; i++)
        {
            if (i > 0 && support[i].CompareTo(support[i - 1]) <= 0)
                throw new ArgumentException($"support pair {i} is not in order");
            RowStarts[support[i].A + 1]++;
            Columns[i] = support[i].B;
        }

        for (var a = 0; a < x.Aliases.Length; a++)
            RowStarts[a + 1] += RowStarts[a];
    }

    public override int Count { get; }

    public AliasTable X { get; }

    public AliasTable Y { get; }

    public RandomStream Stream { get; }

    /// <summary>Partners of class a in S are Columns[RowStarts[a] .. RowStarts[a + 1]], ascending.</summary>
    public int[] RowStarts { get; }

    public int[] Columns { get; }

    public override void Draw(ulong seed, uint cell, int step, Span<int> a, Span<int> b)
    {
        for (var pair = 0; pair < Count; pair++)
        {
            for (var attempt = 0u; ; attempt++)
            {
                var (x0, x1, x2, x3) = Philox.Block((uint)pair, (uint)step, cell, (uint)Stream + (attempt << 8), seed);
                (a[pair], b[pair]) = (X.Draw(x0, x1), Y.Draw(x2, x3));
                var partners = Columns.AsSpan(RowStarts[a[pair]]..RowStarts[a[pair] + 1]);
                if (partners.BinarySearch(b[pair]) < 0)
                    break;
            }
        }
    }
}
