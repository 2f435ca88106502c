namespace Emergence.Tokenizers.Patterns;

internal enum Opcode
{
    /// <summary>The (inner) match is whole.</summary>
    Accept,

    /// <summary>The text before a place was matched, if it ends there.</summary>
    AcceptThere,

    /// <summary>One character of a set.</summary>
    One,

    /// <summary>Characters of a set, as many as there are, or as few as will do.</summary>
    Run,

    /// <summary>The first of several ways that leads on.</summary>
    Choice,

    /// <summary>The next character, which stays, or the end of the text is one of these classes.</summary>
    Peek,

    /// <summary>A <see cref="PlaceKind"/>.</summary>
    Place,

    /// <summary>An inner program that must match, or must not, from here.</summary>
    Ahead,

    /// <summary>An inner program that must match, or must not, up to here.</summary>
    Behind,

    /// <summary>An inner program whose first match is final.</summary>
    Atomic,

    /// <summary>A cluster of characters.</summary>
    Cluster,
}

/// <summary>A step of a compiled pattern; which of its fields mean something depends on <see cref="Op"/>.</summary>
internal sealed class Instruction(Opcode op)
{
    public Opcode Op { get; } = op;

    public int Next { get; set; }

    /// <summary>Where an atomic group goes on that matched nothing.</summary>
    public int NextIfEmpty { get; init; }

    public CharacterSet? Set { get; init; }

    public RepeatKind Kind { get; init; }

    public int Least { get; init; }

    public int Most { get; init; }

    public PlaceKind Place { get; init; }

    public bool Negative { get; init; }

    /// <summary>Where an inner program begins.</summary>
    public int Inner { get; init; }

    /// <summary>The ways of a choice in order.</summary>
    public int[] Branches { get; set; } = [];

    /// <summary>By class: whether a character (or for <see cref="Opcode.Peek"/> also the end) will do.</summary>
    public bool[] Members { get; set; } = [];

    /// <summary>By class of the next character: whether what follows a run can begin.</summary>
    public bool[] Follow { get; set; } = [];

    /// <summary>By class of the next character: the ways of a choice that can begin.</summary>
    public int[][] BranchesByClass { get; set; } = [];

    /// <summary>By class of the next character, if that leaves several ways: by class of the one after it, the ways that can go
    /// on.</summary>
    public int[][]?[] BranchesByPair { get; set; } = [];

    /// <summary>A run that never has to give back what it took.</summary>
    public bool IsFinal { get; set; }

    /// <summary>Its row in the memory of failures; none if success depends on more than the place.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Belongs to the inner program of a look-ahead: only whether it matches counts, not how far.</summary>
    public bool OnlySuccess { get; set; }
}
