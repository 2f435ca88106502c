namespace Emergence.Datasets;

/// <summary>How sequences are made from a list or a text.</summary>
public sealed record DatasetOptions
{
    /// <summary>s of a word list: sequences of 2s tokens.</summary>
    public int Shots { get; init; } = 3;

    /// <summary>Tokens that every word of a list has; words of other numbers are left out.</summary>
    public int EntityTokens { get; init; } = 1;

    /// <summary>After every word of a list; null: the comma of the words' script.</summary>
    public string? Separator { get; init; }

    /// <summary>Tokens of a text window.</summary>
    public int Window { get; init; } = 8;

    /// <summary>Text of a shot with fields in braces, for files of labelled rows.</summary>
    public string? Template { get; init; }

    /// <summary>Tokens that a text field of the template is cut to; shorter ones are left out.</summary>
    public int FieldTokens { get; init; } = 8;

    /// <summary>How many sequences at most.</summary>
    public int Sequences { get; init; } = 2_000;

    /// <summary>Draw independently, so that sequences repeat, as the published script does.</summary>
    public bool WithReplacement { get; init; }

    /// <summary>Put the tokenizer's beginning-of-sequence token before every sequence; it is not a position.</summary>
    public bool BeginningOfSequence { get; init; }

    public ulong Seed { get; init; } = 1;

    /// <summary>Where a list that belongs to a model lies.</summary>
    public string? ModelFolder { get; init; }
}
