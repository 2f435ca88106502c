namespace Emergence.Datasets;

/// <summary>How sequences are made from a list or a text: what a user says of it.</summary>
public record SequenceSettings
{
    /// <summary>s of a word list: sequences of 2s tokens.</summary>
    public int Shots { get; init; } = 3;

    /// <summary>Tokens that every word of a list has; words of other numbers are left out.</summary>
    public int EntityTokens { get; init; } = 1;

    /// <summary>What follows every word of a list; null: the comma of the words' script.</summary>
    public string? Separator { get; init; }

    /// <summary>Tokens of a text window.</summary>
    public int Window { get; init; } = 8;

    /// <summary>Text of a shot with fields in braces, for files of labelled rows.</summary>
    public string? Template { get; init; }

    /// <summary>Tokens that a text field of the template is cut to; shorter ones are left out.</summary>
    public int FieldTokens { get; init; } = 8;

    /// <summary>How many sequences at most; null: as many as a user of these settings takes by default.</summary>
    public int? Sequences { get; init; }

    /// <summary>Draw independently, so that sequences repeat, as the published script does.</summary>
    public bool WithReplacement { get; init; }

    /// <summary>Put the tokenizer's beginning-of-sequence token before every sequence; it is not a position.</summary>
    public bool BeginningOfSequence { get; init; }

    /// <summary>Seed of the draw.</summary>
    public ulong Seed { get; init; } = 1;
}
