using Emergence.Tokenizers.Added;
using Emergence.Tokenizers.Decoders;
using Emergence.Tokenizers.Models;
using Emergence.Tokenizers.PreTokenizers;
using Emergence.Tokenizers.Processors;

namespace Emergence.Tokenizers;

/// <summary>What a tokenizer is made of, in the order a text passes through it.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Cuts added tokens out and normalizes the rest; knows the names of all tokens.</summary>
    public required AddedTokens Added { get; init; }

    /// <summary>Whether the normalizer asks where in the original a part begins.</summary>
    public bool NormalizerLooksAtPlaces { get; init; }

    public PreTokenizer PreTokenizer { get; init; } = PreTokenizer.None;

    public required Model Model { get; init; }

    public PostProcessor PostProcessor { get; init; } = PostProcessor.None;

    public required Decoder Decoder { get; init; }

    public int? BeginningOfSequence { get; init; }

    /// <summary>What transformers 5 would do otherwise; null where nothing is known.</summary>
    public string? Warning { get; init; }
}
