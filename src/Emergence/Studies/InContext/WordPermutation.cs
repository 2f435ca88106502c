using Emergence.Devices.Randomness;

namespace Emergence.Studies.InContext;

/// <summary>
/// Every word of a list stands for another one of it, the same throughout: what a text says to a reader is lost, what a count
/// of words says to a classifier is not.
/// </summary>
internal sealed class WordPermutation
{
    private readonly Dictionary<string, string> _images = new(StringComparer.Ordinal);

    /// <summary>One cycle through all the words that hold a letter, so that none stays.</summary>
    public WordPermutation(IEnumerable<string> words, ulong seed)
    {
        var order = words.Where(HasLetter).Distinct().Order(StringComparer.Ordinal).ToArray();
        new RandomSequence(seed, 1, RandomStream.Tasks).Shuffle<string>(order);
        for (var i = 0; i < order.Length; i++)
            _images[order[i]] = order[(i + 1) % order.Length];
    }

    /// <summary>The text word by word; what is not of the list stays.</summary>
    public string Apply(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        .Select(word => _images.GetValueOrDefault(word, word)));

    private static bool HasLetter(string word) => word.Any(char.IsLetter);
}
