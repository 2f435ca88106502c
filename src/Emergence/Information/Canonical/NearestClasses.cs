using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information.Exact;

namespace Emergence.Information.Canonical;

/// <summary>
/// For every class of x, the classes of y that lie nearest to it in canonical coordinates, each of them scaled by what it is worth, and
/// do not occur with it.
/// </summary>
internal sealed class NearestClasses
{
    /// <summary>Classes of y of each class of x, and pairs at least if there are few classes of x. Half of a class's pairs that do not
    /// occur are taken at most, so that others are left to draw.</summary>
    private const int PerClass = 32, Least = 1 << 14;

    /// <summary>Classes of y of each class of x where there are many.</summary>
    public const int PerClassOfMany = 8;

    /// <summary>Classes of x that a thread compares at a time.</summary>
    private const int RowsAtOnce = 192;

    /// <summary>Trees of which each says what is compared.</summary>
    private const int Trees = 12;

    /// <summary>Rounds in which what is near to what is near is looked at: they find more of the nearest than as long a search by more
    /// trees.</summary>
    private const int Rounds = 2;

    /// <summary>Key of the trees: the same for every cell and seed.</summary>
    private const ulong TreeKey = 0x4e656172;

    private readonly int[][] _nearest;

    private NearestClasses(int[][] nearest, double multiplyAdds) => (_nearest, MultiplyAdds) = (nearest, multiplyAdds);

    /// <summary>To find them.</summary>
    public double MultiplyAdds { get; }

    /// <summary>By comparing all classes with all.</summary>
    /// <param name="joint">The data.</param>
    /// <param name="x">(Kx, R) coordinates.</param>
    /// <param name="y">(Ky, R).</param>
    /// <param name="correlations">(R).</param>
    /// <param name="share">Who finds them.</param>
    public static NearestClasses OfAll(WeightedPairs joint, float[] x, float[] y, IReadOnlyList<double> correlations, HostShare share)
    {
        var rows = joint.XWeights.Length;
        var (ofX, ofY) = (new ScaledClasses(x, correlations), new ScaledClasses(y, correlations));
        var search = new NearestSearch(Partners(joint), ofX, ofY, Math.Max(PerClass, Least / rows));
        int[] all = [.. Enumerable.Range(0, ofY.Count)];
        share(Ceiling.Of(rows, RowsAtOnce), part =>
            search.Compare([.. Enumerable.Range(part * RowsAtOnce, Math.Min(RowsAtOnce, rows - part * RowsAtOnce))], all));
        return new(search.Found(), ofX.MultiplyAdds(rows, all.Length));
    }

    /// <summary>
    /// By comparing what random trees leave together (Dasgupta and Freund 2008), then what is near to what is near (Dong, Moses and Li
    /// 2011), so that time grows with the classes and not with their square; some of the nearest are missed.
    /// </summary>
    /// <inheritdoc cref="OfAll" path="/param"/>
    public static NearestClasses ByTrees(WeightedPairs joint, float[] x, float[] y, IReadOnlyList<double> correlations, HostShare share)
    {
        var (ofX, ofY) = (new ScaledClasses(x, correlations), new ScaledClasses(y, correlations));
        var (search, multiplyAdds) = (new NearestSearch(Partners(joint), ofX, ofY, PerClassOfMany), 0.0);
        var trees = new List<(int[] X, int[] Y)>[Trees];
        share(Trees, tree => trees[tree] = ClassTree.Leaves(ofX, ofY, new(TreeKey, (uint)tree, RandomStream.Weights)));
        foreach (var leaves in trees)
        {
            (int[] X, int[] Y)[] parts = [.. leaves.SelectMany(leaf => leaf.X.Chunk(RowsAtOnce).Select(rows => (rows, leaf.Y)))];
            share(parts.Length, part => search.Compare(parts[part].X, parts[part].Y));
            multiplyAdds += ofX.MultiplyAdds(ofX.Count + ofY.Count, ClassTree.Directions)
                + parts.Sum(part => ofX.MultiplyAdds(part.X.Length, part.Y.Length));
        }

        var partnerOf = new int[ofY.Count];
        foreach (var pair in joint.Support)
            partnerOf[pair.B] = pair.A;

        // Classes of a leaf have much the same neighbours, which are in the processor's memory when the next one looks at them.
        int[][] order = [.. trees[^1].SelectMany(leaf => leaf.X).Chunk(RowsAtOnce)];
        for (var round = 0; round < Rounds; round++)
        {
            var (near, compared) = (search.Found(), new long[order.Length]);
            share(order.Length, part => compared[part] = search.CompareBeyond(order[part], near, partnerOf));
            multiplyAdds += ofX.MultiplyAdds(compared.Sum(), 1);
        }

        return new(search.Found(), multiplyAdds);
    }

    /// <summary>The nearest classes of y of a class of x, ascending.</summary>
    public int[] Of(int a) => _nearest[a];

    /// <summary>The classes of y that occur with each class of x, ascending.</summary>
    public static int[][] Partners(WeightedPairs joint)
    {
        var (partners, occurring, next) = (new int[joint.XWeights.Length][], joint.Occurring, 0);
        for (var a = 0; a < partners.Length; a++)
        {
            var start = next;
            while (next < occurring.Length && occurring[next].A == a)
                next++;
            var row = partners[a] = new int[next - start];
            for (var i = 0; i < row.Length; i++)
                row[i] = occurring[start + i].B;
        }

        return partners;
    }
}
