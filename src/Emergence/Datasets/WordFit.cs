using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>A word of a list in one tokenizer.</summary>
/// <param name="Word">As the list has it.</param>
/// <param name="Ids">Its tokens inside a text; none if they cannot be told from what stands beside it.</param>
/// <param name="Separator">The tokens of the separator after it; none if it melts with the word.</param>
internal sealed record FittedWord(string Word, int[] Ids, int[] Separator)
{
    /// <summary>Whether tokens are known for both and read as they should.</summary>
    public bool IsUsable { get; init; }
}

/// <summary>The words of a list as the tokens of one tokenizer, each as inside a text of such words with separators.</summary>
internal sealed class WordFit
{
    private readonly Tokenizer _tokenizer;
    private readonly string _before;
    private readonly int[] _ofBefore;

    /// <param name="list">The words.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="separator">After every word; null: the comma of the words' script.</param>
    public WordFit(EntityList list, Tokenizer tokenizer, string? separator)
    {
        var script = Script.Of(list.Words);
        (_tokenizer, Separator) = (tokenizer, separator ?? script.Comma);

        // Words without spaces between them are read behind a separator, where no tokenizer adds a space of its own.
        _before = script.HasSpaces ? LeadingSpace.For(tokenizer) : Separator;
        _ofBefore = script.HasSpaces ? [] : tokenizer.Encode(_before, addSpecialTokens: false);
        Words = list.Words.Select(Fit);
    }

    public string Separator { get; }

    /// <summary>Every word of the list, in its order; each is encoded when it is asked for.</summary>
    public IEnumerable<FittedWord> Words { get; }

    /// <summary>How many words have how many tokens, and what that suggests; null if it suggests nothing.</summary>
    /// <param name="tokens">Tokens a word that were asked for.</param>
    /// <param name="used">Words that have them.</param>
    public string? Advice(int tokens, int used)
    {
        var counts = Words.Where(word => word.IsUsable).CountBy(word => word.Ids.Length).OrderBy(pair => pair.Key).ToList();
        var best = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).FirstOrDefault();
        return best.Value > used && best.Key != tokens
            ? string.Join(", ", counts.Select(pair =>
                $"{pair.Value} {(pair.Value == 1 ? "is" : "are")} {(pair.Key == 1 ? "one token" : $"{pair.Key} tokens")}"))
                + $": --entity-tokens {best.Key} takes those of {best.Key}"
            : null;
    }

    private FittedWord Fit(string word)
    {
        var (alone, both) = (Encode(word), Encode(word + Separator));
        if (alone == null || !Says(alone, word))
            return new(word, [], []);
        if (both == null || !both.AsSpan().StartsWith(alone))
            return new(word, alone, []);
        var separator = both[alone.Length..];
        return new(word, alone, separator) { IsUsable = separator.Length > 0 && Says(separator, Separator) };
    }

    /// <summary>The tokens behind what stands before; null if the two melt.</summary>
    private int[]? Encode(string text)
    {
        var ids = _tokenizer.Encode(_before + text, addSpecialTokens: false);
        return ids.AsSpan().StartsWith(_ofBefore) ? ids[_ofBefore.Length..] : null;
    }

    /// <summary>A token for unknown text is one token too, but it does not read as the word.</summary>
    private bool Says(int[] ids, string text) =>
        string.Equals(_tokenizer.Decode(ids).Trim(), text.Trim(), StringComparison.OrdinalIgnoreCase);
}
