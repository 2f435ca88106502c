using Emergence.Models;

namespace Emergence.Tests.Models;

internal static class Greedy
{
    /// <summary>The most likely next tokens, one after the other, as the golden texts were made; of equal scores the lowest id.</summary>
    public static int[] Continue(LanguageModel model, ReadOnlySpan<int> tokens, int count)
    {
        var sequence = new List<int>([.. tokens]);
        for (var i = 0; i < count; i++)
        {
            var logits = model.NextTokenLogits([.. sequence]);
            sequence.Add(Array.IndexOf(logits, logits.Max()));
        }

        return [.. sequence[tokens.Length..]];
    }
}
