namespace Emergence.Tokenizers.Patterns;

internal enum RepeatKind
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>A condition on a place in the text.</summary>
internal enum PlaceKind
{
    TextStart,
    TextEnd,
    TextEndOrLastNewline,
    LineStart,
    LineEnd,
    WordBoundary,
    NotWordBoundary,
    SearchStart,
}

/// <summary>
/// What a pattern says, as a tree. <see cref="Shortest"/> and <see cref="Longest"/> count characters; <see cref="Endless"/> is no bound.
/// </summary>
internal abstract record SyntaxNode(int Shortest, int Longest)
{
    public const int Endless = int.MaxValue;

    protected static int Times(int length, int count) =>
        length == 0 || count == 0 ? 0 : (int)Math.Min(Endless, (long)length * count);

    protected static int Plus(int left, int right) => (int)Math.Min(Endless, (long)left + right);
}

/// <summary>One character of a set.</summary>
internal sealed record CharacterNode(CharacterSet Set) : SyntaxNode(1, 1);

/// <summary>One after the other; the empty text if there are none.</summary>
internal sealed record SequenceNode(SyntaxNode[] Items)
    : SyntaxNode(Items.Aggregate(0, (sum, item) => Plus(sum, item.Shortest)), Items.Aggregate(0, (sum, item) => Plus(sum, item.Longest)));

/// <summary>The first branch after which the rest matches.</summary>
internal sealed record ChoiceNode(SyntaxNode[] Branches)
    : SyntaxNode(Branches.Min(branch => branch.Shortest), Branches.Max(branch => branch.Longest));

internal sealed record RepeatNode(SyntaxNode Body, int Least, int Most, RepeatKind Kind)
    : SyntaxNode(Times(Body.Shortest, Least), Times(Body.Longest, Most));

/// <summary>A group whose first match is final.</summary>
internal sealed record AtomicNode(SyntaxNode Body) : SyntaxNode(Body.Shortest, Body.Longest);

/// <summary>A condition on what follows or goes before.</summary>
internal sealed record LookNode(SyntaxNode Body, bool Behind, bool Negative) : SyntaxNode(0, 0);

internal sealed record PlaceNode(PlaceKind Kind) : SyntaxNode(0, 0);

/// <summary>What a reader takes for one character, as UAX #29 counts them.</summary>
internal sealed record ClusterNode() : SyntaxNode(1, Endless);
