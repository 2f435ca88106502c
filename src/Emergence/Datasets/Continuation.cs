using Emergence.Messages;
using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>Tokens of a text that stands behind another one, whatever the tokenizer does at the beginning of a text.</summary>
internal static class Continuation
{
    private static readonly string[] Anchors = ["a", "1", ",", "."];

    /// <summary>The ids of <paramref name="text"/>, which begins with a space if there is one before it.</summary>
    public static int[] Encode(Tokenizer tokenizer, string text)
    {
        foreach (var anchor in Anchors)
        {
            var before = tokenizer.Encode(anchor, addSpecialTokens: false);
            var both = tokenizer.Encode(anchor + text, addSpecialTokens: false);
            if (both.Length >= before.Length && both.AsSpan(0, before.Length).SequenceEqual(before))
                return both[before.Length..];
        }

        throw new EmergenceException(
            $"{Printable.Quote(text)} melts with whatever stands before it in this tokenizer: begin it with a space or a sign",
            ExitCode.Usage);
    }
}
