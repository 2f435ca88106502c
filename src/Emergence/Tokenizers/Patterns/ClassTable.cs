namespace Emergence.Tokenizers.Patterns;

/// <summary>
/// Classes of code points that no set of a pattern tells apart, so that one look-up answers for all of its sets. Pages of 256 code points.
/// </summary>
internal sealed class ClassTable
{
    private const int PageSize = 256;

    private readonly ushort[] _pages = new ushort[CharacterSet.End / PageSize];
    private readonly ushort[] _classes;
    private readonly List<int> _firsts = [];

    public ClassTable(IReadOnlyList<CharacterSet> sets)
    {
        var (starts, classes) = Partition(sets);
        var pages = new List<ushort>();
        var whole = new Dictionary<ushort, ushort>();
        for (int page = 0, run = 0; page < _pages.Length; page++)
        {
            var (first, last) = (page * PageSize, page * PageSize + PageSize - 1);
            while (run + 1 < starts.Count && starts[run + 1] <= first)
                run++;
            var uniform = run + 1 == starts.Count || starts[run + 1] > last;
            if (uniform && whole.TryGetValue(classes[run], out var known))
            {
                _pages[page] = known;
                continue;
            }

            _pages[page] = (ushort)(pages.Count / PageSize);
            if (uniform)
                whole.Add(classes[run], _pages[page]);
            for (int point = first, at = run; point <= last; point++)
            {
                while (at + 1 < starts.Count && starts[at + 1] <= point)
                    at++;
                pages.Add(classes[at]);
            }
        }

        _classes = [.. pages];
    }

    /// <summary>How many classes there are; as a class, the end of the text.</summary>
    public int Count => _firsts.Count;

    /// <summary>The classes of the first 256 code points.</summary>
    public ReadOnlySpan<ushort> Latin => _classes.AsSpan(0, PageSize);

    public ushort this[int point] => _classes[(_pages[point >> 8] << 8) | (point & 0xFF)];

    /// <summary>Whether each class belongs to a set that the table was made from; the end of the text does not.</summary>
    public bool[] Members(CharacterSet set) => [.. _firsts.Select(set.Contains), false];

    /// <summary>Runs of one class in order, and the class of each.</summary>
    private (List<int> Starts, List<ushort> Classes) Partition(IReadOnlyList<CharacterSet> sets)
    {
        var changes = new List<(int Point, int Set)>();
        for (var set = 0; set < sets.Count; set++)
        {
            foreach (var point in sets[set].Bounds)
                changes.Add((point, set));
        }

        changes.Sort();
        var (starts, classes) = (new List<int>(), new List<ushort>());
        var known = new Dictionary<string, ushort>(StringComparer.Ordinal);
        var belongs = new char[sets.Count];
        var next = 0;
        for (var point = 0; point < CharacterSet.End; point = next < changes.Count ? changes[next].Point : CharacterSet.End)
        {
            for (; next < changes.Count && changes[next].Point == point; next++)
                belongs[changes[next].Set] ^= '\u0001';
            var key = new string(belongs);
            if (!known.TryGetValue(key, out var type))
            {
                type = (ushort)_firsts.Count;
                if (_firsts.Count > ushort.MaxValue - 1)
                    throw new PatternException("more kinds of characters than fit");
                known.Add(key, type);
                _firsts.Add(point);
            }

            starts.Add(point);
            classes.Add(type);
        }

        return (starts, classes);
    }
}
