using Emergence.Devices.Randomness;
using Emergence.Information.Exact;

namespace Emergence.Information.Canonical;

/// <summary>
/// For every class of x, the classes of y that lie nearest to it in canonical coordinates and do not occur with it. What a distance
/// takes for pairs that occur is nearly all among them, and is what the part off the support of the objective hangs on: drawn by
/// themselves, these few vary less from step to step than ten times as many of all pairs.
/// </summary>
internal sealed class NearPairs
{
    /// <summary>Nearest classes of y, for every class of x.</summary>
    private readonly int[][] _nearest;

    /// <param name="joint">The data.</param>
    /// <param name="nearest">Nearest classes of y of all its classes of x.</param>
    public NearPairs(WeightedPairs joint, NearestClasses nearest)
        : this(joint, [.. Enumerable.Range(0, joint.XWeights.Length).Select(nearest.Of)],
            (a, b) => joint.XWeights[a] * joint.YWeights[b])
    {
    }

    private NearPairs(WeightedPairs joint, int[][] nearest, Func<int, int, double> product)
    {
        _nearest = nearest;
        A = [.. nearest.SelectMany((row, a) => Enumerable.Repeat(a, row.Length))];
        B = [.. nearest.SelectMany(row => row)];
        var partners = NearestClasses.Partners(joint);
        WithSupport = [.. nearest.SelectMany((row, a) => row.Concat(partners[a]).Order().Select(b => (a, b)))];
        double[] products = [.. A.Select((a, i) => product(a, B[i]))];
        Product = products.Sum();
        Weights = products.Length > 0 ? new(products) : null;
    }

    /// <summary>Class of x of each pair.</summary>
    public int[] A { get; }

    /// <summary>Class of y of each pair.</summary>
    public int[] B { get; }

    /// <summary>Classes of y of the whole that only near pairs of a batch have: they are numbered behind its own.</summary>
    public IReadOnlyList<int> Beside { get; private init; } = [];

    /// <summary>u v of each pair; none if there is no pair.</summary>
    public AliasTable? Weights { get; }

    /// <summary>Sum of u v.</summary>
    public double Product { get; }

    /// <summary>These and the pairs that occur, by a, then b.</summary>
    public (int A, int B)[] WithSupport { get; }

    /// <param name="batch">Some pairs that occur, whose classes of x have near pairs with any class of y.</param>
    /// <param name="joint">The whole.</param>
    /// <param name="nearest">Nearest classes of y of all classes of x of the whole.</param>
    public static NearPairs Of(PairBatch batch, WeightedPairs joint, NearestClasses nearest)
    {
        var (beside, places) = (new List<int>(), new Dictionary<int, int>());
        int[][] rows = [.. batch.A.Select(a => nearest.Of(a).Select(Place).Order().ToArray())];
        return new(batch, rows, (a, b) => batch.XWeights[a] * joint.YWeights[b < batch.B.Length ? batch.B[b] : beside[b - batch.B.Length]])
        {
            Beside = beside,
        };

        int Place(int b)
        {
            var place = Array.BinarySearch(batch.B, b);
            if (place >= 0 || places.TryGetValue(b, out place))
                return place;
            beside.Add(b);
            return places[b] = batch.B.Length + beside.Count - 1;
        }
    }

    /// <summary>Whether a pair is one of these.</summary>
    public bool Holds(int a, int b) => Array.BinarySearch(_nearest[a], b) >= 0;
}
