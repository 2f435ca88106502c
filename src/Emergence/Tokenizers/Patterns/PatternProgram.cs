using System.Buffers;

namespace Emergence.Tokenizers.Patterns;

/// <summary>A compiled pattern: its instructions, and what can begin where, by the class of the next character.</summary>
internal sealed class PatternProgram
{
    private const int MostSearched = 64, MostPaired = 48, MostSteps = 6;

    private readonly bool[][] _firsts;

    public PatternProgram(Instruction[] code, int entry)
    {
        Code = code;
        Entry = entry;
        CharacterSet[] sets = [.. code.Where(step => step.Set != null).Select(step => step.Set!).Distinct()];
        Classes = new(sets);
        var members = sets.ToDictionary(set => set, Classes.Members);
        foreach (var step in code.Where(step => step.Set != null))
            step.Members = step is { Op: Opcode.Peek, Negative: true } ? [.. members[step.Set!].Select(belongs => !belongs)]
                : members[step.Set!];
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

    /// <summary>The few characters that every match begins with, for a fast search; null if there are many.</summary>
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

        if (step.Op != Opcode.Choice)
            return;
        step.Branches = [.. step.Branches.Distinct()];
        var classes = Enumerable.Range(0, Classes.Count + 1);
        var known = new Dictionary<string, int[]>(StringComparer.Ordinal);
        step.BranchesByClass = [.. classes.Select(type => Open(step.Branches, branch => _firsts[branch][type]))];
        step.BranchesByPair = new int[Classes.Count + 1][][];
        for (var first = 0; first < Classes.Count && Classes.Count <= MostPaired; first++)
        {
            var branches = step.BranchesByClass[first];
            if (branches.Length < 2)
                continue;
            var seconds = branches.ToDictionary(branch => branch, branch => SecondOf(branch, first, MostSteps));
            step.BranchesByPair[first] = [.. classes.Select(second => Open(branches, branch => seconds[branch][second]))];
        }

        int[] Open(int[] branches, Func<int, bool> isOpen)
        {
            var open = Array.FindAll(branches, branch => isOpen(branch));
            var key = string.Join(' ', open);
            return known.TryGetValue(key, out var same) ? same : known[key] = open;
        }
    }

    /// <summary>By class of the character after one of a first class: whether a step can lead on. It looks through a few steps
    /// only.</summary>
    private bool[] SecondOf(int index, int first, int steps)
    {
        var step = Code[index];
        var none = new bool[Classes.Count + 1];
        var any = Array.ConvertAll(none, _ => true);
        if (steps == 0)
            return any;
        switch (step.Op)
        {
            case Opcode.One:
                return step.Members[first] ? _firsts[step.Next] : none;
            case Opcode.Run:
                var more = step.Most == 1 ? none : step.Members;
                var next = step.Least > 1 ? none : _firsts[step.Next];
                var taken = step.Members[first] ? Either(more, next) : none;
                return step.Least > 0 ? taken : Either(taken, SecondOf(step.Next, first, steps - 1));
            case Opcode.Choice:
                return step.Branches.Select(branch => SecondOf(branch, first, steps - 1)).Aggregate(none, Either);
            case Opcode.Peek:
                return step.Members[first] ? SecondOf(step.Next, first, steps - 1) : none;
            case Opcode.Place:
                return SecondOf(step.Next, first, steps - 1);
            default:
                return any;
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
