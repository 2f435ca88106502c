using System.Runtime.Intrinsics;
using Emergence.Devices.Randomness;
using Emergence.Information.Statistics;

namespace Emergence.Information.Canonical;

/// <summary>Cuts all classes of both sides, again and again, where about half of the y lie on either side, until few are together: what
/// lies near each other is mostly left together (Dasgupta and Freund 2008).</summary>
internal sealed class ClassTree
{
    /// <summary>Directions of a tree; each part is cut along the one that its classes spread along most.</summary>
    public const int Directions = 16;

    /// <summary>The most classes of y on a leaf.</summary>
    private const int LeafClasses = 128;

    /// <summary>Classes that say where a part is cut.</summary>
    private const int Sampled = 31;

    private readonly List<(int[] X, int[] Y)> _leaves = [];
    private readonly RandomSequence _random;
    private readonly float[][] _x;
    private readonly float[][] _y;

    private ClassTree(ScaledClasses x, ScaledClasses y, RandomSequence random)
    {
        _random = random;
        var directions = new float[y.Columns * Directions];
        for (var direction = 0; direction < Directions; direction++)
            Fill(directions, direction, y);
        (_x, _y) = (Along(x, directions), Along(y, directions));
        Split([.. Enumerable.Range(0, x.Count)], [.. Enumerable.Range(0, y.Count)]);
    }

    /// <summary>Classes of x and of y that are left together; each class is in one place.</summary>
    public static List<(int[] X, int[] Y)> Leaves(ScaledClasses x, ScaledClasses y, RandomSequence random) =>
        new ClassTree(x, y, random)._leaves;

    private void Split(int[] x, int[] y)
    {
        if (y.Length <= LeafClasses)
        {
            _leaves.Add((x, y));
            return;
        }

        int[] some = [.. Enumerable.Range(0, Sampled).Select(_ => y[_random.NextInt(y.Length)])];
        var best = Enumerable.Range(0, Directions).MaxBy(along => StandardDeviation.Of([.. some.Select(b => (double)_y[along][b])]));
        var at = some.Select(b => _y[best][b]).Order().ElementAt(Sampled / 2);
        var (below, above) = Parted(y, _y[best], at);
        var (xBelow, xAbove) = Parted(x, _x[best], at);

        // Classes that lie on each other are cut by their numbers.
        if (below.Length == 0 || above.Length == 0)
            ((below, above), (xBelow, xAbove)) = (Halves(y), Halves(x));
        Split(xBelow, below);
        Split(xAbove, above);
    }

    /// <summary>A column of (R, directions): from one class of y to another, with length 1.</summary>
    private void Fill(float[] directions, int direction, ScaledClasses y)
    {
        var one = _random.NextInt(y.Count);
        var from = y.Of(one);
        var to = y.Of((one + 1 + _random.NextInt(y.Count - 1)) % y.Count);
        var length = MathF.Sqrt(ScaledClasses.Distance(from, to));
        for (var c = 0; c < from.Length; c++)
            directions[c * Directions + direction] = length > 0 ? (to[c] - from[c]) / length : 0;
    }

    /// <summary>Where all classes lie along each direction.</summary>
    private static float[][] Along(ScaledClasses classes, float[] directions)
    {
        float[][] along = [.. Enumerable.Range(0, Directions).Select(_ => new float[classes.Count])];
        for (var k = 0; k < classes.Count; k++)
        {
            var row = classes.Of(k);
            var (low, high) = (Vector256<float>.Zero, Vector256<float>.Zero);
            for (var c = 0; c < row.Length; c++)
            {
                var value = Vector256.Create(row[c]);
                low = Vector256.FusedMultiplyAdd(value, Vector256.Create(directions, c * Directions), low);
                high = Vector256.FusedMultiplyAdd(value, Vector256.Create(directions, c * Directions + Vector256<float>.Count), high);
            }

            for (var direction = 0; direction < Directions; direction++)
                along[direction][k] = direction < Vector256<float>.Count ? low[direction] : high[direction - Vector256<float>.Count];
        }

        return along;
    }

    private static (int[] Below, int[] Above) Parted(int[] classes, float[] along, float at)
    {
        var (parted, below, above) = (new int[classes.Length], 0, classes.Length);
        foreach (var k in classes)
        {
            // Both ends are written, since a branch would be guessed wrong every other time; the next class overwrites one.
            var isBelow = along[k] < at ? 1 : 0;
            (parted[below], parted[above - 1]) = (k, k);
            (below, above) = (below + isBelow, above - 1 + isBelow);
        }

        return (parted[..below], parted[below..]);
    }

    private static (int[] Below, int[] Above) Halves(int[] classes) =>
        (classes[..(classes.Length / 2)], classes[(classes.Length / 2)..]);
}
