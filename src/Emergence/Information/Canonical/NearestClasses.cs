using System.Runtime.Intrinsics;
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

    /// <summary>Trees, and the most classes of y on a leaf of one.</summary>
    private const int Trees = 12, LeafClasses = 128;

    /// <summary>Classes that say where a part of a tree is cut.</summary>
    private const int Sampled = 63;

    /// <summary>Key of the random cuts: the same for every cell and seed.</summary>
    private const ulong TreeKey = 0x4e656172;

    private readonly int[][] _nearest;

    private NearestClasses(Search search, double multiplyAdds)
    {
        _nearest = [.. search.Nearest.Select(nearest => nearest.Select(near => near.Class).Order().ToArray())];
        MultiplyAdds = multiplyAdds;
    }

    /// <summary>To compare classes.</summary>
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
        var search = new Search(joint, x, y, correlations, Math.Max(PerClass, Least / rows));
        int[] all = [.. Enumerable.Range(0, joint.YWeights.Length)];
        share(Ceiling.Of(rows, RowsAtOnce), part =>
            search.Compare([.. Enumerable.Range(part * RowsAtOnce, Math.Min(RowsAtOnce, rows - part * RowsAtOnce))], all));
        return new(search, search.MultiplyAdds(rows, all.Length));
    }

    /// <summary>
    /// By comparing what random trees leave together, so that time grows with the classes and not with their square; some of the nearest
    /// are missed. A part is cut in two across the line through two of its classes of y, where half of some of them lie, until few are
    /// left (Dasgupta and Freund 2008).
    /// </summary>
    /// <inheritdoc cref="OfAll" path="/param"/>
    public static NearestClasses ByTrees(WeightedPairs joint, float[] x, float[] y, IReadOnlyList<double> correlations, HostShare share)
    {
        var search = new Search(joint, x, y, correlations, PerClassOfMany);
        var trees = new List<(int[] X, int[] Y)>[Trees];
        share(Trees, tree => trees[tree] = search.Leaves(new(TreeKey, (uint)tree, RandomStream.Weights)));
        foreach (var leaves in trees)
            share(leaves.Count, leaf => search.Compare(leaves[leaf].X, leaves[leaf].Y));
        return new(search, trees.Sum(leaves => leaves.Sum(leaf => search.MultiplyAdds(leaf.X.Length, leaf.Y.Length))));
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
            partners[a] = [.. occurring.AsSpan(start..next).ToArray().Select(pair => pair.B)];
        }

        return partners;
    }

    /// <summary>The nearest so far.</summary>
    private sealed class Search
    {
        private readonly float[] _x;
        private readonly float[] _y;
        private readonly double[] _scales;
        private readonly double[] _squares;
        private readonly int[][] _partners;

        public Search(WeightedPairs joint, float[] x, float[] y, IReadOnlyList<double> correlations, int most)
        {
            var (rows, classes) = (joint.XWeights.Length, joint.YWeights.Length);
            (_x, _y, _scales, _squares) = (x, y, [.. correlations.Select(CanonicalStart.Reliability)], new double[classes]);
            for (var b = 0; b < classes; b++)
            {
                for (var c = 0; c < _scales.Length; c++)
                {
                    var value = y[b * _scales.Length + c] * _scales[c];
                    _squares[b] += value * value;
                }
            }

            _partners = Partners(joint);
            Nearest = [.. _partners.Select(partners => new List<(int, double)>(Math.Min(most, (classes - partners.Length) / 2)))];
        }

        /// <summary>By distance, for every class of x.</summary>
        public List<(int Class, double Distance)>[] Nearest { get; }

        public double MultiplyAdds(int rows, int classes) => (double)rows * classes * _scales.Length;

        /// <summary>Takes classes of y among the nearest of classes of x where they are.</summary>
        public void Compare(int[] rows, int[] classes)
        {
            var products = new double[rows.Length * classes.Length];
            DoubleProducts.Add(DoubleProducts.Alone, _scales.Length, (c, to) => Column(_x, rows, c, to), rows.Length, (c, to) =>
                Column(_y, classes, c, to), classes.Length, products, 0, classes.Length);
            for (var i = 0; i < rows.Length; i++)
            {
                var (partners, nearest) = (_partners[rows[i]], Nearest[rows[i]]);
                var farthest = nearest.Capacity == 0 ? double.NegativeInfinity
                    : nearest.Count < nearest.Capacity ? double.PositiveInfinity : nearest[^1].Distance;
                for (var j = 0; j < classes.Length; j++)
                {
                    var distance = _squares[classes[j]] - 2 * products[i * classes.Length + j];
                    if (distance < farthest && Array.BinarySearch(partners, classes[j]) < 0)
                        farthest = Take(nearest, classes[j], distance);
                }
            }

            void Column(float[] values, int[] of, int column, Span<double> to)
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = values[of[i] * _scales.Length + column] * _scales[column];
            }
        }

        /// <summary>Puts a class where it belongs, and says how far others may be.</summary>
        private static double Take(List<(int Class, double Distance)> nearest, int taken, double distance)
        {
            var place = nearest.Count;
            while (place > 0 && nearest[place - 1].Distance >= distance)
            {
                if (nearest[--place].Class == taken)
                    return Farthest();
            }

            if (nearest.Count == nearest.Capacity)
                nearest.RemoveAt(nearest.Count - 1);
            nearest.Insert(place, (taken, distance));
            return Farthest();

            double Farthest() => nearest.Count < nearest.Capacity ? double.PositiveInfinity : nearest[^1].Distance;
        }

        public List<(int[] X, int[] Y)> Leaves(RandomSequence random)
        {
            var leaves = new List<(int[], int[])>();
            Split([.. Enumerable.Range(0, Nearest.Length)], [.. Enumerable.Range(0, _squares.Length)]);
            return leaves;

            void Split(int[] x, int[] y)
            {
                if (y.Length <= LeafClasses)
                {
                    leaves.Add((x, y));
                    return;
                }

                var one = random.NextInt(y.Length);
                var across = Across(y[one], y[(one + 1 + random.NextInt(y.Length - 1)) % y.Length]);
                float[] keysOfX = Keys(_x, x, across), keys = Keys(_y, y, across);
                var at = Enumerable.Range(0, Sampled).Select(_ => keys[random.NextInt(keys.Length)]).Order().ElementAt(Sampled / 2);
                var (below, above) = Parted(y, keys, at);

                // Classes that lie on each other are cut by their numbers.
                if (below.Length == 0 || above.Length == 0)
                {
                    Split(x[..(x.Length / 2)], y[..(y.Length / 2)]);
                    Split(x[(x.Length / 2)..], y[(y.Length / 2)..]);
                    return;
                }

                var (xBelow, xAbove) = Parted(x, keysOfX, at);
                Split(xBelow, below);
                Split(xAbove, above);
            }

            float[] Across(int one, int other)
            {
                var across = new float[_scales.Length];
                for (var c = 0; c < across.Length; c++)
                    across[c] = (float)((_y[one * across.Length + c] - _y[other * across.Length + c]) * _scales[c] * _scales[c]);
                return across;
            }
        }

        private static float[] Keys(float[] values, int[] of, float[] across)
        {
            var keys = new float[of.Length];
            for (var i = 0; i < keys.Length; i++)
                keys[i] = Dot(values.AsSpan(of[i] * across.Length, across.Length), across);
            return keys;
        }

        private static (int[] Below, int[] Above) Parted(int[] classes, float[] keys, float at)
        {
            var below = keys.Count(key => key < at);
            var (parts, taken) = ((Below: new int[below], Above: new int[classes.Length - below]), 0);
            for (var i = 0; i < classes.Length; i++)
            {
                if (keys[i] < at)
                    parts.Below[taken++] = classes[i];
                else
                    parts.Above[i - taken] = classes[i];
            }

            return parts;
        }

        /// <summary>a b: eight chains, added up in a fixed order, whatever the processor.</summary>
        private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            var (sum, i) = (Vector256<float>.Zero, 0);
            for (; i <= a.Length - 8; i += 8)
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(a.Slice(i, 8)), Vector256.Create(b.Slice(i, 8)), sum);
            var total = 0f;
            for (var lane = 0; lane < 8; lane++)
                total += sum[lane];
            for (; i < a.Length; i++)
                total = MathF.FusedMultiplyAdd(a[i], b[i], total);
            return total;
        }
    }
}
