using Emergence.Devices;
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
    /// <summary>Classes of y of each class of x, and pairs at least if there are few classes of x.</summary>
    private const int PerClass = 32, Least = 1 << 14;

    /// <summary>Classes of x that a thread compares at a time.</summary>
    private const int RowsAtOnce = 192;

    /// <summary>Nearest classes of y, for every class of x.</summary>
    private readonly int[][] _nearest;

    /// <param name="joint">The data.</param>
    /// <param name="x">(Kx, R) coordinates.</param>
    /// <param name="y">(Ky, R).</param>
    /// <param name="correlations">(R).</param>
    /// <param name="share">Who finds them.</param>
    /// <param name="perClass">Classes of y of each class of x at least.</param>
    public NearPairs(WeightedPairs joint, float[] x, float[] y, IReadOnlyList<double> correlations, HostShare share,
        int perClass = PerClass)
    {
        var (rows, classes, columns) = (joint.XWeights.Length, joint.YWeights.Length, correlations.Count);
        double[] scales = [.. correlations.Select(CanonicalStart.Reliability)];
        var (right, squares) = (new double[columns * classes], new double[classes]);
        for (var b = 0; b < classes; b++)
        {
            for (var c = 0; c < columns; c++)
            {
                var value = y[b * columns + c] * scales[c];
                right[c * classes + b] = value;
                squares[b] += value * value;
            }
        }

        var (most, partners, nearest) = (PerRow(rows, perClass), Partners(joint), new int[rows][]);
        share(Ceiling.Of(rows, RowsAtOnce), part =>
        {
            var (first, count) = (part * RowsAtOnce, Math.Min(RowsAtOnce, rows - part * RowsAtOnce));
            var products = new double[count * classes];
            DoubleProducts.Add(DoubleProducts.Alone, columns, (c, to) => Scaled(first, c, to), count, (c, to) =>
                right.AsSpan(c * classes, classes).CopyTo(to), classes, products, 0, classes);
            for (var i = 0; i < count; i++)
                nearest[first + i] = Nearest(products.AsSpan(i * classes, classes), squares, partners[first + i], most);
        });
        _nearest = nearest;
        A = [.. nearest.SelectMany((row, a) => Enumerable.Repeat(a, row.Length))];
        B = [.. nearest.SelectMany(row => row)];
        WithSupport = [.. nearest.SelectMany((row, a) => row.Concat(partners[a]).Order().Select(b => (a, b)))];
        double[] products = [.. A.Select((a, i) => joint.XWeights[a] * joint.YWeights[B[i]])];
        Product = products.Sum();
        Weights = products.Length > 0 ? new(products) : null;

        void Scaled(int first, int column, Span<double> to)
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = x[(first + i) * columns + column] * scales[column];
        }
    }

    /// <summary>Class of x of each pair.</summary>
    public int[] A { get; }

    /// <summary>Class of y of each pair.</summary>
    public int[] B { get; }

    /// <summary>u v of each pair; none if there is no pair.</summary>
    public AliasTable? Weights { get; }

    /// <summary>Sum of u v.</summary>
    public double Product { get; }

    /// <summary>These and the pairs that occur, by a, then b.</summary>
    public (int A, int B)[] WithSupport { get; }

    /// <summary>Whether a pair is one of these.</summary>
    public bool Holds(int a, int b) => Array.BinarySearch(_nearest[a], b) >= 0;

    /// <summary>Classes of y that a class of x has at most.</summary>
    public static int PerRow(int xClasses, int perClass = PerClass) => Math.Max(perClass, Least / xClasses);

    /// <summary>The classes of y that occur with each class of x.</summary>
    private static int[][] Partners(WeightedPairs joint)
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

    /// <summary>In order; half of those that are no partners at most, so that others are left to draw.</summary>
    private static int[] Nearest(ReadOnlySpan<double> products, double[] squares, int[] partners, int most)
    {
        var count = Math.Min(most, (squares.Length - partners.Length) / 2);
        if (count == 0)
            return [];

        // The queue gives its farthest back first.
        var (found, farthest, next) = (new PriorityQueue<int, double>(count + 1), double.PositiveInfinity, 0);
        for (var b = 0; b < squares.Length; b++)
        {
            if (next < partners.Length && partners[next] == b)
            {
                next++;
                continue;
            }

            var distance = squares[b] - 2 * products[b];
            if (found.Count < count)
                found.Enqueue(b, -distance);
            else if (distance < farthest)
                found.DequeueEnqueue(b, -distance);
            else
                continue;
            if (found.Count == count && found.TryPeek(out _, out var priority))
                farthest = -priority;
        }

        return [.. found.UnorderedItems.Select(item => item.Element).Order()];
    }
}
