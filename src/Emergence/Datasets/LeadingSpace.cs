using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>
/// How to hand a word to a tokenizer so that it comes out as inside a text. Byte-level tokenizers keep the space before a
/// word in its token; SentencePiece-like ones may put a space before every text themselves, and a second one would
/// become a token of its own.
/// </summary>
internal static class LeadingSpace
{
    /// <summary>" ", or "" if the tokenizer adds it.</summary>
    public static string For(Tokenizer tokenizer) =>
        tokenizer.Encode("a", addSpecialTokens: false).Length < tokenizer.Encode(" a", addSpecialTokens: false).Length ? "" : " ";
}
