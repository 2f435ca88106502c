namespace Emergence.Tokenizers;

/// <summary>What a tokenizer is made of, in the order a text passes through it.</summary>
internal sealed record TokenizerParts
{
    public required Vocabulary Vocabulary { get; init; }

    /// <summary>Cuts added tokens out and normalizes the rest.</summary>
    public required AddedTokens Added { get; init; }

    public required PreTokenizer PreTokenizer { get; init; }

    public required MergeModel Model { get; init; }

    public Frame Frame { get; init; } = Frame.None;

    public required Func<List<string>, List<string>> Decoder { get; init; }

    public int? BeginningOfSequence { get; init; }
}
