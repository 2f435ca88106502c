using System.Buffers;
using System.Runtime.Intrinsics;
using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information.Exact;
using Emergence.Information.Statistics;

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

    /// <summary>Trees, the most classes of y on a leaf of one, and its directions, of which each part is cut along the one that its classes
    /// spread along most.</summary>
    private const int Trees = 8, LeafClasses = 128, Directions = 16;

    /// <summary>Rounds in which what is near to what is near is looked at: they find more of the nearest than as long a search by more
    /// trees.</summary>
    private const int Rounds = 2;

    /// <summary>Classes that say where a part of a tree is cut.</summary>
    private const int Sampled = 31;

    /// <summary>Key of the random cuts: the same for every cell and seed.</summary>
    private const ulong TreeKey = 0x4e656172;

    private readonly int[][] _nearest;

    private NearestClasses(Search search, double multiplyAdds)
    {
        _nearest = [.. search.Nearest.Select(nearest => nearest.Select(near => near.Class).Order().ToArray())];
        MultiplyAdds = multiplyAdds;
    }

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
        var search = new Search(joint, x, y, correlations, Math.Max(PerClass, Least / rows));
        int[] all = [.. Enumerable.Range(0, joint.YWeights.Length)];
        share(Ceiling.Of(rows, RowsAtOnce), part =>
            search.Compare([.. Enumerable.Range(part * RowsAtOnce, Math.Min(RowsAtOnce, rows - part * RowsAtOnce))], all));
        return new(search, search.MultiplyAdds(rows, all.Length));
    }

    /// <summary>
    /// By comparing what random trees leave together (Dasgupta and Freund 2008), then what is near to what is near (Dong, Moses and Li
    /// 2011), so that time grows with the classes and not with their square; some of the nearest are missed.
    /// </summary>
    /// <inheritdoc cref="OfAll" path="/param"/>
    public static NearestClasses ByTrees(WeightedPairs joint, float[] x, float[] y, IReadOnlyList<double> correlations, HostShare share)
    {
        var search = new Search(joint, x, y, correlations, PerClassOfMany);
        var trees = new List<(int[] X, int[] Y)>[Trees];
        share(Trees, tree => trees[tree] = search.Leaves(new(TreeKey, (uint)tree, RandomStream.Weights)));
        foreach (var leaves in trees)
            share(leaves.Count, leaf => search.Compare(leaves[leaf].X, leaves[leaf].Y));
        var multiplyAdds = Trees * search.MultiplyAdds(Directions, joint.XWeights.Length + joint.YWeights.Length)
            + trees.Sum(leaves => leaves.Sum(leaf => search.MultiplyAdds(leaf.X.Length, leaf.Y.Length)));

        // Classes of a leaf have much the same neighbours, which are in the processor's memory when the next one looks at them.
        int[] order = [.. trees[^1].SelectMany(leaf => leaf.X)];
        for (var round = 0; round < Rounds; round++)
            multiplyAdds += search.CompareBeyond(share, joint, order);
        return new(search, multiplyAdds);
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

        public double MultiplyAdds(long rows, long classes) => (double)rows * classes * _scales.Length;

        /// <summary>Takes classes of y among the nearest of classes of x where they are.</summary>
        public void Compare(int[] rows, int[] classes)
        {
            var products = ArrayPool<double>.Shared.Rent(rows.Length * classes.Length);
            products.AsSpan(0, rows.Length * classes.Length).Clear();
            DoubleProducts.Add(DoubleProducts.Alone, _scales.Length, (c, to) => Column(_x, rows, c, to), rows.Length, (c, to) =>
                Column(_y, classes, c, to), classes.Length, products, 0, classes.Length);
            double[] squares = [.. classes.Select(b => _squares[b])];
            for (var i = 0; i < rows.Length; i++)
            {
                var (partners, nearest) = (_partners[rows[i]], Nearest[rows[i]]);
                var distances = products.AsSpan(i * classes.Length, classes.Length);
                var farthest = Farthest(nearest);
                for (var j = 0; j < distances.Length; j++)
                {
                    // Hardly any four are near enough.
                    if (j % 4 == 0 && j + 4 <= distances.Length && !Vector256.LessThanAny(
                        Vector256.Create(squares, j) - 2 * Vector256.Create<double>(distances.Slice(j, 4)), Vector256.Create(farthest)))
                    {
                        j += 3;
                        continue;
                    }

                    var distance = squares[j] - 2 * distances[j];
                    if (distance < farthest && Array.BinarySearch(partners, classes[j]) < 0)
                        farthest = Take(nearest, classes[j], distance);
                }
            }

            ArrayPool<double>.Shared.Return(products);

            void Column(float[] values, int[] of, int column, Span<double> to)
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = values[of[i] * _scales.Length + column] * _scales[column];
            }
        }

        /// <summary>Takes those among the nearest that are near to the partner of what is near.</summary>
        /// <param name="share">Who does it.</param>
        /// <param name="joint">The data.</param>
        /// <param name="order">Classes of x.</param>
        /// <returns>Multiply-adds.</returns>
        public double CompareBeyond(HostShare share, WeightedPairs joint, int[] order)
        {
            int[][] near = [.. Nearest.Select(found => found.Select(taken => taken.Class).ToArray())];
            var (partnerOf, compared) = (new int[_squares.Length], new long[Ceiling.Of(near.Length, RowsAtOnce)]);
            foreach (var pair in joint.Support)
                partnerOf[pair.B] = pair.A;
            share(compared.Length, part =>
            {
                var (row, seen) = (new float[_scales.Length], ArrayPool<int>.Shared.Rent(_squares.Length));
                seen.AsSpan().Fill(-1);
                foreach (var a in order.AsSpan(part * RowsAtOnce, Math.Min(RowsAtOnce, order.Length - part * RowsAtOnce)))
                {
                    var (nearest, farthest) = (Nearest[a], Farthest(Nearest[a]));
                    for (var c = 0; c < row.Length; c++)
                        row[c] = (float)(_x[a * row.Length + c] * _scales[c] * _scales[c]);
                    foreach (var b in _partners[a].Concat(near[a]))
                        seen[b] = a;
                    foreach (var b in near[a].SelectMany(other => near[partnerOf[other]]))
                    {
                        if (seen[b] == a)
                            continue;
                        (seen[b], compared[part]) = (a, compared[part] + 1);
                        var distance = _squares[b] - 2.0 * Dot(row, _y.AsSpan(b * row.Length, row.Length));
                        if (distance < farthest)
                            farthest = Take(nearest, b, distance);
                    }
                }

                ArrayPool<int>.Shared.Return(seen);
            });
            return MultiplyAdds(compared.Sum(), 1);
        }

        /// <summary>Puts a class where it belongs, and says how far others may be.</summary>
        private static double Take(List<(int Class, double Distance)> nearest, int taken, double distance)
        {
            foreach (var near in nearest)
            {
                if (near.Class == taken)
                    return Farthest(nearest);
            }

            var place = nearest.Count;
            while (place > 0 && nearest[place - 1].Distance >= distance)
                place--;
            if (nearest.Count == nearest.Capacity)
                nearest.RemoveAt(nearest.Count - 1);
            nearest.Insert(place, (taken, distance));
            return Farthest(nearest);
        }

        /// <summary>How far a class may be to be taken; none is taken of one that occurs with all others but one, or with all.</summary>
        private static double Farthest(List<(int Class, double Distance)> nearest) => nearest.Capacity == 0 ? double.NegativeInfinity
            : nearest.Count < nearest.Capacity ? double.PositiveInfinity : nearest[^1].Distance;

        public List<(int[] X, int[] Y)> Leaves(RandomSequence random)
        {
            var leaves = new List<(int[], int[])>();
            float[][] directions = [.. Enumerable.Range(0, Directions).Select(_ => Direction(random))];
            var (alongX, alongY) = (Along(_x, directions), Along(_y, directions));
            Split([.. Enumerable.Range(0, Nearest.Length)], [.. Enumerable.Range(0, _squares.Length)]);
            return leaves;

            void Split(int[] x, int[] y)
            {
                if (y.Length <= LeafClasses)
                {
                    leaves.AddRange(x.Chunk(RowsAtOnce).Select(rows => (rows, y)));
                    return;
                }

                int[] some = [.. Enumerable.Range(0, Sampled).Select(_ => y[random.NextInt(y.Length)])];
                var best = Enumerable.Range(0, Directions).MaxBy(along =>
                    StandardDeviation.Of([.. some.Select(b => (double)alongY[along][b])]));
                var at = some.Select(b => alongY[best][b]).Order().ElementAt(Sampled / 2);
                var (below, above) = Parted(y, alongY[best], at);
                var (xBelow, xAbove) = Parted(x, alongX[best], at);

                // Classes that lie on each other are cut by their numbers.
                if (below.Length == 0 || above.Length == 0)
                    ((below, above), (xBelow, xAbove)) = (Halves(y), Halves(x));
                Split(xBelow, below);
                Split(xAbove, above);
            }

            static (int[], int[]) Halves(int[] classes) => (classes[..(classes.Length / 2)], classes[(classes.Length / 2)..]);
        }

        /// <summary>From one class of y to another, with length 1.</summary>
        private float[] Direction(RandomSequence random)
        {
            var (classes, columns) = (_squares.Length, _scales.Length);
            var one = random.NextInt(classes);
            var other = (one + 1 + random.NextInt(classes - 1)) % classes;
            double[] scaled = [.. _scales.Select((scale, c) => (_y[one * columns + c] - _y[other * columns + c]) * scale)];
            var length = Math.Sqrt(DoubleProducts.Dot(scaled, scaled));
            return [.. scaled.Select((value, c) => length > 0 ? (float)(value * _scales[c] / length) : 0)];
        }

        /// <summary>Where all rows lie along each direction.</summary>
        private static float[][] Along(float[] values, float[][] directions)
        {
            var columns = directions[0].Length;
            float[][] along = [.. directions.Select(_ => new float[values.Length / columns])];
            for (var row = 0; row < along[0].Length; row++)
            {
                for (var direction = 0; direction < directions.Length; direction++)
                    along[direction][row] = Dot(values.AsSpan(row * columns, columns), directions[direction]);
            }

            return along;
        }

        private static (int[] Below, int[] Above) Parted(int[] classes, float[] along, float at)
        {
            var (parted, below, above) = (new int[classes.Length], 0, classes.Length);
            for (var i = 0; i < classes.Length; i++)
                parted[along[classes[i]] < at ? below++ : --above] = classes[i];
            return (parted[..below], parted[below..]);
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
