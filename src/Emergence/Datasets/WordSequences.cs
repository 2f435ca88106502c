using Emergence.Messages;
using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>
/// Sequences of s shots: the tokens of " word", then those of ",", or what the words' script has for it. The words of a sequence
/// differ, so n words give as many sequences as there are <see cref="Arrangements"/>.
/// </summary>
internal static class WordSequences
{
    private const int NamedInMessages = 12;

    /// <summary>Signs that positions call a comma.</summary>
    private const string Commas = ",、，،";

    public static Dataset Create(EntityList list, Tokenizer tokenizer, DatasetOptions options)
    {
        var fit = new WordFit(list, tokenizer, options.Separator);
        var (words, separator, rejected) = Choose(list, fit, options.EntityTokens);
        if (words.Count < options.Shots)
            throw new EmergenceException(
                $"{list.Name}: {options.Shots} shots need as many words, but only {words.Count} are {Tokens(options.EntityTokens)} in this "
                + $"tokenizer; {Name(rejected, fit, options.EntityTokens, words.Count)}", ExitCode.Usage);

        var available = Arrangements.Count(words.Count, options.Shots)
            ?? throw new EmergenceException(
                $"{list.Name}: {words.Count} words and {options.Shots} shots make more than 2^63 sequences; use fewer of either",
                ExitCode.Usage);
        var numbers = SequenceSampler.Draw(available, options.MostSequences, options.WithReplacement, options.Seed);
        var shot = options.EntityTokens + separator.Length;
        var length = checked(shot * options.Shots);
        var tokens = new int[checked(numbers.Length * length)];
        for (var n = 0; n < numbers.Length; n++)
            Write(numbers[n], words, separator, tokens.AsSpan(n * length, length));

        return new Dataset(list.Name, tokenizer.Identity, length, tokens)
        {
            ShotLength = shot,
            Available = available,
            IsEnumeration = !options.WithReplacement && numbers.Length == available,
            BeginningOfSequence = options.BeginningOfSequence ? RequireBeginning(tokenizer) : null,
            Labels = [.. Enumerable.Range(1, options.Shots).SelectMany(number => Labels("word", number, options.EntityTokens)
                .Concat(Labels(Commas.Contains(fit.Separator) ? "comma" : "separator", number, separator.Length)))],
            Notes = Notes(list, words.Count, rejected, fit, options.EntityTokens),
        };
    }

    public static int RequireBeginning(Tokenizer tokenizer) =>
        tokenizer.BeginningOfSequence
            ?? throw new EmergenceException("--bos: this tokenizer names no beginning-of-sequence token", ExitCode.Usage);

    /// <summary>The first words that have so many tokens, and the tokens of the separator, which are the same after all of them.</summary>
    private static (List<int[]> Words, int[] Separator, List<string> Rejected) Choose(EntityList list, WordFit fit, int tokens)
    {
        var (words, rejected) = (new List<int[]>(), new List<string>());
        int[]? separator = null;
        foreach (var word in fit.Words)
        {
            if (words.Count == list.Limit)
                break;
            if (word.Ids.Length != tokens || words.Exists(known => known.SequenceEqual(word.Ids)))
                rejected.Add(word.Word);
            else if (!word.IsUsable || !word.Separator.SequenceEqual(separator ?? word.Separator))
                rejected.Add(word.Word + fit.Separator);
            else
            {
                words.Add(word.Ids);
                separator = word.Separator;
            }
        }

        return words.Count > 0
            ? (words, separator!, rejected)
            : throw new EmergenceException(
                $"{list.Name}: no word is {Tokens(tokens)} with a "
                + $"{(fit.Separator == "," ? "comma" : Printable.Escape(fit.Separator))} token after it in this tokenizer; "
                + Name(rejected, fit, tokens, 0), ExitCode.Usage);
    }

    private static void Write(long number, List<int[]> words, int[] separator, Span<int> sequence)
    {
        var length = words[0].Length + separator.Length;
        var shots = Arrangements.At(number, words.Count, sequence.Length / length);
        for (var shot = 0; shot < shots.Length; shot++)
        {
            words[shots[shot]].CopyTo(sequence[(shot * length)..]);
            separator.CopyTo(sequence[(shot * length + words[0].Length)..]);
        }
    }

    /// <summary>"word 2", or "word 2.1", "word 2.2" of one that has two tokens.</summary>
    private static IEnumerable<string> Labels(string what, int number, int tokens) =>
        tokens == 1 ? [$"{what} {number}"] : Enumerable.Range(1, tokens).Select(token => $"{what} {number}.{token}");

    private static string[] Notes(EntityList list, int used, List<string> rejected, WordFit fit, int tokens)
    {
        List<string> notes = rejected.Count > 0 && used < list.Limit
            ? [$"{list.Name}: {used} of {list.Words.Count} words are used; {Name(rejected, fit, tokens, used)}"] : [];
        if (tokens > 1)
            notes.Add($"{list.Name}: every word has {tokens} tokens, and a position is one of them");
        return [.. notes];
    }

    private static string Name(List<string> rejected, WordFit fit, int tokens, int used) =>
        rejected.Count == 0 ? "no word was left out"
        : $"not {Tokens(tokens)}: {NameList.Shorten(rejected, NamedInMessages)}"
            + (fit.Advice(tokens, used) is { } advice ? $"; {advice}" : "");

    private static string Tokens(int count) => count == 1 ? "one token" : $"{count} tokens";
}
