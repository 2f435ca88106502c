using System.Buffers;

namespace Emergence.Tokenizers.Patterns;

/// <summary>A compiled pattern: its instructions, and what can begin where, by the class of the next character.</summary>
internal sealed class PatternProgram
{
    private const int MostSearched = 64;

    private readonly bool[][] _firsts;

    public PatternProgram(Instruction[] code, int entry)
    {
        Code = code;
        Entry = entry;
        CharacterSet[] sets = [.. code.Where(step => step.Set != null).Select(step => step.Set!).Distinct()];
        Classes = new(sets);
        var members = sets.ToDictionary(set => set, Classes.Members);
        foreach (var step in code.Where(step => step.Set != null))
            step.Members = step is { Op: Opcode.Peek, Negative: true } ? [.. members[step.Set!].Select(belongs => !belongs)] : members[step.Set!];
        _firsts = FindFirsts();
        foreach (var step in code)
            Complete(step);
        First = _firsts[entry];
        Starts = FindStarts(sets);
        var dependsOnSearch = code.Any(step => step is { Op: Opcode.Place, Place: PlaceKind.SearchStart });
        foreach (var step in code.Where(_ => dependsOnSearch))
            step.Slot = -1;
    }

    public Instruction[] Code { get; }

    public int Entry { get; }

    public ClassTable Classes { get; }

    /// <summary>By class of the next character: whether a match can begin.</summary>
    public bool[] First { get; }

    /// <summary>The few characters that every match begins with, for a fast search; null where there are many.</summary>
    public SearchValues<char>? Starts { get; }

    private void Complete(Instruction step)
    {
        if (step.Op == Opcode.Run)
        {
            step.Follow = _firsts[step.Next];
            var overlaps = step.Members.Zip(step.Follow).Any(pair => pair is (true, true));
            step.IsFinal = step.Kind == RepeatKind.Possessive
                || (step.Kind == RepeatKind.Greedy && (!overlaps || Code[step.Next].Op == Opcode.Accept));
        }

        if (step.Op == Opcode.Choice)
        {
            var firsts = step.Branches.Select(branch => _firsts[branch]).ToArray();
            var known = new Dictionary<string, int[]>(StringComparer.Ordinal);
            step.BranchesByClass = [.. Enumerable.Range(0, Classes.Count + 1).Select(ByClass)];

            int[] ByClass(int type)
            {
                var open = firsts.Select(first => first[type]).ToArray();
                var key = string.Concat(open.Select(can => can ? '1' : '0'));
                return known.TryGetValue(key, out var branches) ? branches
                    : known[key] = [.. step.Branches.Where((_, index) => open[index])];
            }
        }
    }

    /// <summary>For every step, by class of the next character: whether it can lead on. It never says no where it can.</summary>
    private bool[][] FindFirsts()
    {
        var none = new bool[Classes.Count + 1];
        var any = Array.ConvertAll(none, _ => true);
        var firsts = Array.ConvertAll(Code, _ => none);
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = 0; i < Code.Length; i++)
            {
                var first = First(Code[i]);
                changed |= !first.AsSpan().SequenceEqual(firsts[i]);
                firsts[i] = first;
            }
        }

        return firsts;

        bool[] First(Instruction step) => step.Op switch
        {
            Opcode.One => step.Members,
            Opcode.Run => step.Least > 0 ? step.Members : Either(step.Members, firsts[step.Next]),
            Opcode.Choice => step.Branches.Select(branch => firsts[branch]).Aggregate(none, Either),
            Opcode.Peek => Both(step.Members, firsts[step.Next]),
            Opcode.Place or Opcode.Behind => firsts[step.Next],
            Opcode.Ahead => step.Negative ? firsts[step.Next] : Both(firsts[step.Inner], firsts[step.Next]),
            Opcode.Atomic => firsts[step.Inner],
            Opcode.Cluster => [.. any[..^1], false],
            _ => any,
        };
    }

    private static bool[] Either(bool[] left, bool[] right) => [.. left.Zip(right, (one, other) => one || other)];

    private static bool[] Both(bool[] left, bool[] right) => [.. left.Zip(right, (one, other) => one && other)];

    private SearchValues<char>? FindStarts(CharacterSet[] sets)
    {
        if (First[^1])
            return null;
        var points = sets.Where(set => set.Count <= MostSearched).SelectMany(set => set.Points()).Distinct().ToArray();
        var starts = points.Where(point => First[Classes[point]]).ToArray();
        var classes = starts.Select(point => Classes[point]).Distinct().Count();

        // Only if these are all members of the classes, and none is half a character or stands for a broken one.
        return classes == First.Count(can => can)
            && starts.All(point => point is < 0xD800 or (> 0xDFFF and < 0xFFFD))
            && starts.Length <= MostSearched
                ? SearchValues.Create([.. starts.Select(point => (char)point)])
                : null;
    }
}
