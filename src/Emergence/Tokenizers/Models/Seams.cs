namespace Emergence.Tokenizers.Models;

/// <summary>
/// Where a word may be cut without changing its tokens: before a visible space that follows another character, if no token holds
/// such a place inside. Tokenizers that do not cut at spaces themselves are fast by it on long texts.
/// </summary>
internal static class Seams
{
    private const char Space = '\u2581';

    /// <summary>Whether words may be cut so: the visible space is a token, and none joins it to what is before it.</summary>
    public static bool Exist(Vocabulary vocabulary)
    {
        if (vocabulary.Find([Space]) < 0)
            return false;
        for (var id = 0; id < vocabulary.Size; id++)
        {
            if (vocabulary.Has(id) && Next(vocabulary.Text(id), 0) < vocabulary.Text(id).Length)
                return false;
        }

        return true;
    }

    /// <summary>The next place to cut after a place; the end where there is none.</summary>
    public static int Next(ReadOnlySpan<char> word, int start)
    {
        for (var i = start + 1; i < word.Length; i++)
        {
            if (word[i] == Space && word[i - 1] != Space)
                return i;
        }

        return word.Length;
    }
}
