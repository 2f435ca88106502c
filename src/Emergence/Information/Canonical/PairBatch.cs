using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information.Exact;

namespace Emergence.Information.Canonical;

/// <summary>
/// Some of many pairs that occur and the classes they join, as a problem of its own. A pair weighs what so many of its kind do in the
/// whole, and pairs off the support are those among these classes: in the mean over batches the objective is that of the whole.
/// </summary>
internal sealed class PairBatch : WeightedPairs
{
    private PairBatch(int[] a, int[] b, double[] xWeights, double[] yWeights, ClassPair[] support,
        (int A, int B)[] occurring)
        : base(xWeights, yWeights, support, occurring)
    {
        (A, B) = (a, b);
        Bits = PointwiseMean();
    }

    /// <summary>Class of x in the whole of each class of x here, ascending.</summary>
    public int[] A { get; }

    /// <summary>Class of y in the whole of each class of y here, ascending.</summary>
    public int[] B { get; }

    /// <summary>What an objective over these pairs cannot exceed.</summary>
    public double Bits { get; }

    /// <summary>Pairs that stand at equal steps along the weights of all.</summary>
    /// <param name="joint">The whole.</param>
    /// <param name="order">All pairs that occur, in an order that has nothing to do with what they are: of pairs in their own order,
    /// equal steps would never take two that differ in what changes fastest.</param>
    /// <param name="count">Steps; a pair that is longer than one is taken as often as steps end on it.</param>
    /// <param name="start">Where the first step ends, as a part of one.</param>
    public static PairBatch Of(WeightedPairs joint, ReadOnlySpan<int> order, int count, double start)
    {
        var (support, turns, before, taken) = (joint.Support, new int[joint.Support.Count], 0.0, 0);
        foreach (var i in order)
        {
            before += support[i].Joint;
            for (; taken < count && taken + start < before * count; taken++)
                turns[i]++;
        }

        var (ofA, ofB) = (new int[joint.XWeights.Length], new int[joint.YWeights.Length]);
        for (var i = 0; i < turns.Length; i++)
        {
            if (turns[i] > 0)
                (ofA[support[i].A], ofB[support[i].B]) = (1, 1);
        }

        var (a, b) = (Number(ofA), Number(ofB));
        var (xWeights, yWeights) = (new double[a.Length], new double[b.Length]);
        var (pairs, occurring) = (new List<ClassPair>(count), new List<(int A, int B)>(count));
        for (var i = 0; i < turns.Length; i++)
        {
            var pair = support[i];
            var (x, y) = (ofA[pair.A], ofB[pair.B]);
            if (x < 0 || y < 0)
                continue;

            // One that was not taken, but whose classes both were, is not off the support.
            occurring.Add((x, y));
            if (turns[i] == 0)
                continue;
            var weight = (double)turns[i] / taken;
            pairs.Add(new(x, y, weight, weight * (pair.Product / pair.Joint)));
            xWeights[x] += weight;
            yWeights[y] += weight;
        }

        return new(a, b, xWeights, yWeights, [.. pairs], [.. occurring]);
    }

    /// <summary>Puts numbers from 0 in the place of ones, and -1 in that of zeros; says where the ones are.</summary>
    private static int[] Number(int[] marks)
    {
        var places = new List<int>();
        for (var i = 0; i < marks.Length; i++)
        {
            var isMarked = marks[i] > 0;
            marks[i] = isMarked ? places.Count : -1;
            if (isMarked)
                places.Add(i);
        }

        return [.. places];
    }
}

/// <summary>
/// Batches of many pairs that occur, in a random order: so many of them as there are pairs for take each pair once (one that is heavy
/// more often), then the order is another.
/// </summary>
/// <param name="joint">The whole.</param>
/// <param name="size">Pairs of a batch.</param>
/// <param name="random">Decides.</param>
internal sealed class PairBatches(WeightedPairs joint, int size, RandomSequence random)
{
    private readonly int[] _order = [.. Enumerable.Range(0, joint.Support.Count)];
    private int _taken;

    /// <summary>Batches until all pairs were taken.</summary>
    public int Count { get; } = Ceiling.Of(joint.Support.Count, size);

    public PairBatch Next()
    {
        if (_taken == 0)
            random.Shuffle(_order.AsSpan());
        var batch = PairBatch.Of(joint, _order, size, (_taken + 0.5) / Count);
        _taken = (_taken + 1) % Count;
        return batch;
    }
}
