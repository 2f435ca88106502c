using System.Numerics;
using System.Runtime.Intrinsics;

namespace Emergence.Information.Canonical;

/// <summary>The nearest classes of y found so far, of every class of x. Threads may compare different classes of x at once.</summary>
internal sealed class NearestSearch
{
    /// <summary>Classes of y that are compared at a time: with 32 coordinates they fit into a processor's nearest memory.</summary>
    private const int ClassesAtOnce = 128;

    private const int None = -1;

    private readonly int[][] _partners;
    private readonly ScaledClasses _x;
    private readonly ScaledClasses _y;

    /// <summary>Where the nearest of each class of x begin.</summary>
    private readonly int[] _starts;

    /// <summary>By distance; none at infinity.</summary>
    private readonly int[] _classes;
    private readonly float[] _distances;

    /// <param name="partners">Classes of y that occur with each class of x and are not wanted, ascending.</param>
    /// <param name="x">Classes of x.</param>
    /// <param name="y">Classes of y.</param>
    /// <param name="most">Classes of y wanted of each; half of those that do not occur with it at most.</param>
    public NearestSearch(int[][] partners, ScaledClasses x, ScaledClasses y, int most)
    {
        (_partners, _x, _y, _starts) = (partners, x, y, new int[partners.Length + 1]);
        for (var a = 0; a < partners.Length; a++)
            _starts[a + 1] = _starts[a] + Math.Min(most, (y.Count - partners[a].Length) / 2);
        (_classes, _distances) = (new int[_starts[^1]], new float[_starts[^1]]);
        _classes.AsSpan().Fill(None);
        _distances.AsSpan().Fill(float.PositiveInfinity);
    }

    /// <summary>Takes classes of y among the nearest of classes of x where they are.</summary>
    public void Compare(int[] rows, int[] classes)
    {
        Span<float> distances = stackalloc float[ClassesAtOnce];
        var columns = new float[_y.Columns * ClassesAtOnce];
        for (var first = 0; first < classes.Length; first += ClassesAtOnce)
        {
            var some = classes.AsSpan(first, Math.Min(ClassesAtOnce, classes.Length - first));
            _y.Transpose(some, columns, ClassesAtOnce);
            foreach (var a in rows)
            {
                ScaledClasses.Distances(_x.Of(a), columns, some.Length, distances);
                TakeNear(a, some, distances);
            }
        }
    }

    /// <summary>Takes those among the nearest that are near to the partner of what is near.</summary>
    /// <param name="rows">Classes of x.</param>
    /// <param name="near">What is near to each class of x.</param>
    /// <param name="partnerOf">A class of x that occurs with each class of y.</param>
    /// <returns>How many distances that took.</returns>
    public long CompareBeyond(int[] rows, int[][] near, int[] partnerOf)
    {
        var most = rows.Max(a => near[a].Length + near[a].Sum(b => near[partnerOf[b]].Length));
        var seen = new int[BitOperations.RoundUpToPowerOf2((uint)(2 * most + 1))];
        var compared = 0L;
        foreach (var a in rows)
        {
            seen.AsSpan().Fill(None);
            foreach (var b in near[a])
                IsNew(b);
            var row = _x.Of(a);
            var farthest = Farthest(a);
            foreach (var other in near[a])
            {
                foreach (var b in near[partnerOf[other]])
                {
                    if (!IsNew(b))
                        continue;
                    compared++;
                    var distance = ScaledClasses.Distance(row, _y.Of(b));
                    if (distance < farthest)
                        farthest = Take(a, b, distance);
                }
            }
        }

        return compared;

        bool IsNew(int b)
        {
            const uint Spread = 0x9E3779B1;
            var place = (b * Spread >> 16) & (seen.Length - 1);
            for (; seen[place] != None; place = (place + 1) & (seen.Length - 1))
            {
                if (seen[place] == b)
                    return false;
            }

            seen[place] = b;
            return true;
        }
    }

    /// <summary>What was found, ascending.</summary>
    public int[][] Found()
    {
        var found = new int[_partners.Length][];
        for (var a = 0; a < found.Length; a++)
        {
            var row = _classes.AsSpan(_starts[a].._starts[a + 1]);
            var count = row.IndexOf(None);
            found[a] = row[..(count < 0 ? row.Length : count)].ToArray();
            Array.Sort(found[a]);
        }

        return found;
    }

    private float Farthest(int a) => _starts[a] < _starts[a + 1] ? _distances[_starts[a + 1] - 1] : float.NegativeInfinity;

    private void TakeNear(int a, ReadOnlySpan<int> classes, ReadOnlySpan<float> distances)
    {
        var farthest = Farthest(a);
        for (var start = 0; start < classes.Length; start += Vector256<float>.Count)
        {
            // Hardly any eight are near enough.
            var near = Vector256.LessThan(Vector256.Create(distances[start..]), Vector256.Create(farthest)).ExtractMostSignificantBits();
            for (; near != 0; near &= near - 1)
            {
                var i = start + BitOperations.TrailingZeroCount(near);
                if (i < classes.Length && distances[i] < farthest)
                    farthest = Take(a, classes[i], distances[i]);
            }
        }
    }

    /// <summary>Puts a class where it belongs, unless it is there or occurs with the class of x, and says how far others may be.</summary>
    private float Take(int a, int taken, float distance)
    {
        var (start, last) = (_starts[a], _starts[a + 1] - 1);
        if (_classes.AsSpan(start..(last + 1)).Contains(taken) || Array.BinarySearch(_partners[a], taken) >= 0)
            return _distances[last];
        var place = last;
        for (; place > start && _distances[place - 1] >= distance; place--)
            (_classes[place], _distances[place]) = (_classes[place - 1], _distances[place - 1]);
        (_classes[place], _distances[place]) = (taken, distance);
        return _distances[last];
    }
}
