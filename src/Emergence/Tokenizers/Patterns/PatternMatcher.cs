namespace Emergence.Tokenizers.Patterns;

/// <summary>
/// Runs a compiled pattern over a text: backtracking with a stack of its own. Most texts are matched without a memory of failures;
/// one that takes more steps than its length explains gets it, and one that takes far more even so is given up.
/// Half a surrogate pair counts as U+FFFD.
/// </summary>
internal sealed partial class PatternMatcher(PatternProgram program)
{
    private const int FreeSteps = 1 << 16, FreeStepsEach = 16, MostFrames = 1 << 23;
    private const long MostSteps = 1 << 26, MostStepsEach = 32;

    private readonly Instruction[] _code = program.Code;
    private readonly ClassTable _classes = program.Classes;
    private readonly ushort[] _latin = program.Classes.Latin.ToArray();
    private readonly int _end = program.Classes.Count;
    private Frame[] _frames = new Frame[32];
    private FailureMemory? _memory;
    private string _text = "";
    private int _count, _searchStart, _goal;
    private long _steps, _limit;

    /// <summary>
    /// What is left to try. Of a choice: the next way. Of a run: the least and the present end, or if it is lazy how many may still be
    /// taken.
    /// With a complemented instruction: all that began there has failed when this comes up.
    /// </summary>
    private readonly record struct Frame(int Step, int Place, int Extra);

    public void Begin(string text)
    {
        _text = text;
        _memory = null;
        _steps = 0;
        _limit = FreeSteps + (long)FreeStepsEach * text.Length;
    }

    /// <summary>The first match that begins at or after a place.</summary>
    public bool Find(int from, out int start, out int end)
    {
        _searchStart = from;
        end = -1;
        for (start = from; start <= _text.Length; start += Math.Max(1, LengthAt(start)))
        {
            start = Candidate(start);
            if (start < 0)
                return false;
            _count = 0;
            end = Match(program.Entry, start);
            if (end >= 0)
                return true;
        }

        return false;
    }

    /// <summary>The next place where a match could begin; negative if there is none.</summary>
    private int Candidate(int place)
    {
        if (program.Starts != null)
        {
            var offset = _text.AsSpan(place).IndexOfAny(program.Starts);
            return offset < 0 ? -1 : place + offset;
        }

        var first = program.First;
        while (!first[ClassAt(place, out var length)])
        {
            if (length == 0)
                return -1;
            place += length;
        }

        return place;
    }

    /// <summary>Where the match that begins here ends; negative if there is none.</summary>
    private int Match(int step, int place)
    {
        var bottom = _count;
        while (true)
        {
            var now = _code[step];
            var goesOn = true;
            switch (now.Op)
            {
                case Opcode.Accept:
                    return Accept(bottom, place);
                case Opcode.AcceptThere when place == _goal:
                    return Accept(bottom, place);
                case Opcode.One when now.Members[ClassAt(place, out var length)]:
                    place += length;
                    step = now.Next;
                    break;
                case Opcode.Peek when now.Members[ClassAt(place, out _)]:
                    step = now.Next;
                    break;
                case Opcode.Choice:
                case Opcode.Run:
                    if (_memory == null || now.Slot < 0)
                        goesOn = Enter(now, ref step, ref place);
                    else if (now.OnlySuccess && _memory.Succeeded(now.Slot, place))
                        return Accept(bottom, place);
                    else
                        goesOn = !_memory.Failed(now.Slot, place) && EnterNoted(now, ref step, ref place);
                    break;
                case Opcode.Place when IsPlace(now, place):
                    step = now.Next;
                    break;
                case Opcode.Ahead when Match(now.Inner, place) >= 0 != now.Negative:
                    step = now.Next;
                    break;
                case Opcode.Behind when MatchesBehind(now, place) != now.Negative:
                    step = now.Next;
                    break;
                case Opcode.Atomic when Match(now.Inner, place) is >= 0 and var after:
                    step = after > place ? now.Next : now.NextIfEmpty;
                    place = after;
                    break;
                case Opcode.Cluster when place < _text.Length:
                    place = GraphemeClusters.End(_text, place);
                    step = now.Next;
                    break;
                default:
                    goesOn = false;
                    break;
            }

            if (!goesOn && !Back(bottom, ref step, ref place))
                return -1;
        }
    }

    /// <summary>The first way of a choice, or the first end of a run; the others are left for later.</summary>
    private bool Enter(Instruction now, ref int step, ref int place)
    {
        if (now.Op == Opcode.Choice)
        {
            var branches = BranchesAt(now, place);
            if (branches.Length == 0)
                return false;
            if (branches.Length > 1)
                Push(new(step, place, 1));
            step = branches[0];
            return true;
        }

        var end = RunEnd(now, place, out var least);
        if (end < 0)
            return false;
        if (now.Kind == RepeatKind.Lazy)
            Push(new(step, end, now.Most == SyntaxNode.Endless ? now.Most : now.Most - now.Least));
        else if (!now.IsFinal && end > least)
            Push(new(step, least, end));
        place = end;
        step = now.Next;
        return true;
    }

    /// <summary>The ways of a choice that the next two characters leave open.</summary>
    private int[] BranchesAt(Instruction now, int place)
    {
        var first = ClassAt(place, out var length);
        return now.BranchesByPair[first] is { } pairs ? pairs[ClassAt(place + length, out _)] : now.BranchesByClass[first];
    }

    /// <summary>Enters above a frame that notes the failure. A run without a bound fails from wherever it passes.</summary>
    private bool EnterNoted(Instruction now, ref int step, ref int place)
    {
        var (note, start) = (_count, place);
        Push(new(~step, start, start));
        if (!Enter(now, ref step, ref place))
            return false;
        if (now is not { Op: Opcode.Run, Most: SyntaxNode.Endless })
            return true;
        _frames[note] = _frames[note] with { Extra = place };
        if (_count > note + 1 && now is { Kind: RepeatKind.Greedy, Least: <= 1 })
        {
            place = _memory!.LastOpenEnd(now.Slot, start, place);
            _frames[_count - 1] = _frames[_count - 1] with { Extra = place };
        }

        return true;
    }

    /// <summary>Takes up the last thing that is left to try above the bottom of the stack.</summary>
    private bool Back(int bottom, ref int step, ref int place)
    {
        while (_count > bottom)
        {
            Spend(1);
            var frame = _frames[--_count];
            if (frame.Step < 0)
            {
                _memory!.Fail(~frame.Step, frame.Place, frame.Extra);
                continue;
            }

            var now = _code[frame.Step];
            if (now.Op == Opcode.Choice)
            {
                var branches = BranchesAt(now, frame.Place);
                if (frame.Extra + 1 < branches.Length)
                    Push(frame with { Extra = frame.Extra + 1 });
                (step, place) = (branches[frame.Extra], frame.Place);
                return true;
            }

            if (now.Kind == RepeatKind.Lazy ? TakeOneMore(now, frame, ref place) : GiveBack(now, frame, ref place))
            {
                step = now.Next;
                return true;
            }
        }

        return false;
    }

    private bool TakeOneMore(Instruction now, Frame frame, ref int place)
    {
        if (frame.Extra == 0 || !now.Members[ClassAt(frame.Place, out var length)])
            return false;
        place = frame.Place + length;
        Push(new(frame.Step, place, frame.Extra == SyntaxNode.Endless ? frame.Extra : frame.Extra - 1));
        return true;
    }

    private bool GiveBack(Instruction now, Frame frame, ref int place)
    {
        for (var end = frame.Extra; end > frame.Place;)
        {
            end = Before(end);
            Spend(1);
            if (!now.Follow[ClassAt(end, out _)])
                continue;
            Push(frame with { Extra = end });
            place = end;
            return true;
        }

        return false;
    }

    /// <summary>Where a run ends; negative if it is too short. Its least end is where it has enough.</summary>
    private int RunEnd(Instruction now, int place, out int least)
    {
        least = place;
        var start = place;
        var left = now.Kind == RepeatKind.Lazy ? now.Least : now.Most;
        if (left == SyntaxNode.Endless && now.Least <= 1)
        {
            place = EndOf(now, place);
            if (now.Least == 0)
                return place;
            least = start + LengthAt(start);
            return place > start ? place : -1;
        }

        var count = 0;
        for (; count < left && now.Members[ClassAt(place, out var length)]; count++)
        {
            place += length;
            if (count + 1 == now.Least)
                least = place;
        }

        Spend(count);
        return count < now.Least ? -1 : place;
    }

    /// <summary>The end of all characters of a set; what the same run went over before is not gone over again.</summary>
    private int EndOf(Instruction now, int start)
    {
        var members = now.Members;
        var place = start;
        if (_memory == null || now.Slot < 0)
        {
            while (members[ClassAt(place, out var length)])
                place += length;
            Spend(place - start);
            return place;
        }

        ref var known = ref _memory.Run(now.Slot);
        while ((place < known.Start || place >= known.End) && members[ClassAt(place, out var length)])
        {
            place += length;
            Spend(1);
        }

        if (place < known.End && place >= known.Start)
            place = known.End;
        known = (place == known.End ? Math.Min(start, known.Start) : start, place);
        return place;
    }

    /// <summary>Leaves nothing to try. In a look-ahead, all that is on the way here is known to lead on.</summary>
    private int Accept(int bottom, int place)
    {
        for (var i = bottom; _memory != null && i < _count; i++)
        {
            var frame = _frames[i];
            if (frame.Step >= 0 || !_code[~frame.Step].OnlySuccess)
                continue;

            // A run leads on from wherever it would still have come as far as it did.
            var run = _code[~frame.Step];
            var isRun = run is { Op: Opcode.Run, Kind: not RepeatKind.Lazy, Most: SyntaxNode.Endless };
            var end = isRun && i + 1 < _count && _frames[i + 1].Step == ~frame.Step ? _frames[i + 1].Extra : frame.Extra;
            var last = isRun ? Math.Max(frame.Place, end - 2 * run.Least) : frame.Place;
            _memory.Succeed(run.Slot, frame.Place, last);
        }

        _count = bottom;
        return place;
    }

    private void Push(Frame frame)
    {
        if (_count == _frames.Length)
        {
            if (_count >= MostFrames)
                throw GivenUp();
            Array.Resize(ref _frames, _count * 2);
        }

        _frames[_count++] = frame;
    }

    private void Spend(int steps)
    {
        if ((_steps += steps) > _limit)
            Exceed();
    }

    private void Exceed()
    {
        if (_memory != null)
            throw GivenUp();
        _memory = new(_code.Length, _text.Length);
        _limit = MostSteps + MostStepsEach * _text.Length;
    }

    private PatternException GivenUp() => new($"more steps than {_limit} on a text of {_text.Length} characters");
}
