namespace Emergence.Tokenizers.Patterns;

/// <summary>
/// Turns a tree into instructions, from its end to its beginning. Every node is compiled with two places to go on: after it matched the
/// empty text, and after it took something. A loop whose body can be empty thereby leaves after an empty round, as the original does,
/// and needs to remember nothing but the place: what can follow an instruction depends on the place in the text alone.
/// </summary>
internal sealed class PatternCompiler
{
    private const int MostInstructions = 20_000;

    private readonly List<Instruction> _code = [];
    private bool _onlySuccess, _remember = true;

    public static PatternProgram Compile(SyntaxNode node)
    {
        var compiler = new PatternCompiler();
        var entry = compiler.Inner(node, Opcode.Accept, onlySuccess: false);
        return new([.. compiler._code], entry);
    }

    private int Inner(SyntaxNode node, Opcode accept, bool onlySuccess)
    {
        var outer = (_onlySuccess, _remember);
        (_onlySuccess, _remember) = (onlySuccess, accept == Opcode.Accept);
        var end = Add(new(accept));
        var start = Node(node, end, end);
        (_onlySuccess, _remember) = outer;
        return start;
    }

    private int Add(Instruction instruction)
    {
        if (_code.Count == MostInstructions)
            throw new PatternException($"more than {MostInstructions} steps, written out");
        instruction.OnlySuccess = _onlySuccess;
        if (_remember && instruction.Op is Opcode.Choice or Opcode.Run)
            instruction.Slot = _code.Count;
        _code.Add(instruction);
        return _code.Count - 1;
    }

    private int Node(SyntaxNode node, int empty, int taken)
    {
        switch (node)
        {
            case CharacterNode one:
                return Add(new(Opcode.One) { Set = one.Set, Next = taken });
            case SequenceNode sequence:
                return Sequence(sequence.Items, empty, taken);
            case ChoiceNode choice:
                return Choice([.. choice.Branches.Select(branch => Node(branch, empty, taken))]);
            case RepeatNode { Kind: RepeatKind.Possessive, Body: not CharacterNode } repeat:
                return Node(new AtomicNode(repeat with { Kind = RepeatKind.Greedy }), empty, taken);
            case RepeatNode { Body: CharacterNode one } repeat:
                return Run(one.Set, repeat, empty, taken);
            case RepeatNode repeat:
                return Repeat(repeat, empty, taken);
            case AtomicNode atomic:
                var inner = Inner(atomic.Body, Opcode.Accept, onlySuccess: false);
                return Add(new(Opcode.Atomic) { Inner = inner, Next = taken, NextIfEmpty = empty });
            case LookNode look:
                return Look(look, empty);
            case PlaceNode place:
                var isWord = place.Kind is PlaceKind.WordBoundary or PlaceKind.NotWordBoundary;
                return Add(new(Opcode.Place) { Place = place.Kind, Set = isWord ? PatternParser.Word : null, Next = empty });
            default:
                return Add(new(Opcode.Cluster) { Next = taken });
        }
    }

    private int Sequence(SyntaxNode[] items, int empty, int taken)
    {
        var (afterEmpty, afterTaken) = (empty, taken);
        for (var i = items.Length - 1; i >= 0; i--)
        {
            var rest = Node(items[i], afterTaken, afterTaken);
            afterEmpty = empty == taken || items[i].Shortest > 0 ? rest : Node(items[i], afterEmpty, afterTaken);
            afterTaken = rest;
        }

        return afterEmpty;
    }

    private int Choice(int[] branches) => Add(new(Opcode.Choice) { Branches = branches });

    private static int[] Ways(RepeatKind kind, int round, int leave) => kind == RepeatKind.Lazy ? [leave, round] : [round, leave];

    private int Run(CharacterSet set, RepeatNode repeat, int empty, int taken)
    {
        var (least, most, kind) = (repeat.Least, repeat.Most, repeat.Kind);
        if (most == 0)
            return empty;
        if (least > 0 || empty == taken)
            return Add(new(Opcode.Run) { Set = set, Least = least, Most = most, Kind = kind, Next = taken });
        var some = Add(new(Opcode.Run) { Set = set, Least = 1, Most = most, Kind = kind, Next = taken });
        if (kind == RepeatKind.Possessive)
            empty = Add(new(Opcode.Peek) { Set = set, Negative = true, Next = empty });
        return Choice(Ways(kind, some, empty));
    }

    /// <summary>The rounds that must be, written out; then those that may be.</summary>
    private int Repeat(RepeatNode repeat, int empty, int taken)
    {
        var (body, least, most) = (repeat.Body, repeat.Least, repeat.Most);
        var (afterEmpty, afterTaken) = most == SyntaxNode.Endless
            ? Loop(repeat, empty, taken)
            : Optional(repeat, most - least, empty, taken);
        for (var round = 0; round < least; round++)
        {
            var rest = Node(body, afterTaken, afterTaken);
            afterEmpty = empty == taken ? rest : Node(body, afterEmpty, afterTaken);
            afterTaken = rest;
        }

        return afterEmpty;
    }

    private (int Empty, int Taken) Loop(RepeatNode repeat, int empty, int taken)
    {
        var again = Add(new(Opcode.Choice));
        _code[again].Branches = Ways(repeat.Kind, Node(repeat.Body, taken, again), taken);
        return empty == taken ? (again, again) : (Choice(Ways(repeat.Kind, Node(repeat.Body, empty, again), empty)), again);
    }

    private (int Empty, int Taken) Optional(RepeatNode repeat, int rounds, int empty, int taken)
    {
        var (afterEmpty, afterTaken) = (empty, taken);
        for (var round = 0; round < rounds; round++)
        {
            var rest = Choice(Ways(repeat.Kind, Node(repeat.Body, afterTaken, afterTaken), taken));
            afterEmpty = empty == taken ? rest : Choice(Ways(repeat.Kind, Node(repeat.Body, afterEmpty, afterTaken), empty));
            afterTaken = rest;
        }

        return (afterEmpty, afterTaken);
    }

    private int Look(LookNode look, int next)
    {
        if (look is { Behind: false, Body: CharacterNode one })
            return Add(new(Opcode.Peek) { Set = one.Set, Negative = look.Negative, Next = next });
        var inner = Inner(look.Body, look.Behind ? Opcode.AcceptThere : Opcode.Accept, onlySuccess: !look.Behind);
        return Add(new(look.Behind ? Opcode.Behind : Opcode.Ahead)
        {
            Inner = inner,
            Negative = look.Negative,
            Least = look.Body.Shortest,
            Most = look.Body.Longest,
            Next = next,
        });
    }
}
