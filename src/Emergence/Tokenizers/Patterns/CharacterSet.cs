namespace Emergence.Tokenizers.Patterns;

/// <summary>A set of code points, as sorted runs that do not touch: start, end (exclusive), start, end, ...</summary>
internal sealed class CharacterSet
{
    public const int End = 0x110000;

    public static readonly CharacterSet None = new([]);
    public static readonly CharacterSet All = new([0, End]);

    private readonly int[] _bounds;

    private CharacterSet(int[] bounds) => _bounds = bounds;

    /// <summary>Where membership changes, in order.</summary>
    public ReadOnlySpan<int> Bounds => _bounds;

    public bool IsEmpty => _bounds.Length == 0;

    /// <summary>How many code points it holds.</summary>
    public int Count => Runs().Sum(run => run.End - run.Start);

    public static CharacterSet Of(int point) => new([point, point + 1]);

    public static CharacterSet Of(IEnumerable<int> points) => FromRuns(points.Select(point => (point, point + 1)));

    /// <summary>Both ends belong to it.</summary>
    public static CharacterSet Range(int first, int last) => new([first, last + 1]);

    /// <summary>The union of runs in any order, ends exclusive.</summary>
    public static CharacterSet FromRuns(IEnumerable<(int Start, int End)> runs)
    {
        var bounds = new List<int>();
        foreach (var (start, end) in runs.OrderBy(run => run.Start))
        {
            if (bounds.Count > 0 && start <= bounds[^1])
            {
                bounds[^1] = Math.Max(bounds[^1], end);
                continue;
            }

            bounds.Add(start);
            bounds.Add(end);
        }

        return new([.. bounds]);
    }

    public static CharacterSet Union(IEnumerable<CharacterSet> sets) => FromRuns(sets.SelectMany(set => set.Runs()));

    public IEnumerable<(int Start, int End)> Runs()
    {
        for (var i = 0; i < _bounds.Length; i += 2)
            yield return (_bounds[i], _bounds[i + 1]);
    }

    public IEnumerable<int> Points() => Runs().SelectMany(run => Enumerable.Range(run.Start, run.End - run.Start));

    public bool Contains(int point)
    {
        var index = Array.BinarySearch(_bounds, point);
        return index >= 0 ? index % 2 == 0 : ~index % 2 == 1;
    }

    public CharacterSet Union(CharacterSet other) => IsEmpty ? other : other.IsEmpty ? this : Union([this, other]);

    public CharacterSet Complement()
    {
        var starts = _bounds is [0, ..] ? _bounds[1..] : [0, .. _bounds];
        return new(starts is [.., End] ? starts[..^1] : [.. starts, End]);
    }

    public CharacterSet Intersect(CharacterSet other) => Complement().Union(other.Complement()).Complement();

    public bool SameAs(CharacterSet other) => Bounds.SequenceEqual(other.Bounds);
}
