using Emergence.Messages;
using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>
/// Sequences of s shots: the token of " word", then ",". The words of a sequence differ, so n words give as many
/// sequences as there are <see cref="Arrangements"/>.
/// </summary>
internal static class WordSequences
{
    private const int NamedInMessages = 12;

    public static Dataset Create(EntityList list, Tokenizer tokenizer, DatasetOptions options)
    {
        var (words, comma, rejected) = Fit(list, tokenizer);
        if (words.Count < options.Shots)
            throw new EmergenceException(
                $"{list.Name}: {options.Shots} shots need as many words, but only {words.Count} are one token in this tokenizer; "
                + $"{Name(rejected)}", ExitCode.Usage);

        var available = Arrangements.Count(words.Count, options.Shots)
            ?? throw new EmergenceException(
                $"{list.Name}: {words.Count} words and {options.Shots} shots make more than 2^63 sequences; use fewer of either",
                ExitCode.Usage);
        var numbers = SequenceSampler.Draw(available, options.Sequences, options.WithReplacement, options.Seed);
        var tokens = new int[checked(numbers.Length * 2 * options.Shots)];
        for (var n = 0; n < numbers.Length; n++)
            Write(numbers[n], words, comma, tokens.AsSpan(n * 2 * options.Shots, 2 * options.Shots));

        return new Dataset(list.Name, tokenizer.Identity, 2 * options.Shots, tokens)
        {
            ShotLength = 2,
            Available = available,
            IsEnumeration = !options.WithReplacement && numbers.Length == available,
            BeginningOfSequence = options.BeginningOfSequence ? RequireBeginning(tokenizer) : null,
            Labels = [.. Enumerable.Range(1, options.Shots).SelectMany(shot => new[] { $"word {shot}", $"comma {shot}" })],
            Notes = Notes(list, words.Count, rejected),
        };
    }

    public static int RequireBeginning(Tokenizer tokenizer) =>
        tokenizer.BeginningOfSequence
            ?? throw new EmergenceException("--bos: this tokenizer names no beginning-of-sequence token", ExitCode.Usage);

    /// <summary>The first words that are one token each, and the token of the comma that follows a word.</summary>
    private static (List<int> Words, int Comma, List<string> Rejected) Fit(EntityList list, Tokenizer tokenizer)
    {
        var lead = LeadingSpace.For(tokenizer);
        var (ids, rejected) = (new List<int>(), new List<string>());
        int? comma = null;
        foreach (var word in list.Words)
        {
            if (ids.Count == list.Limit)
                break;
            var encoded = tokenizer.Encode(lead + word, addSpecialTokens: false);
            var withComma = tokenizer.Encode(lead + word + ",", addSpecialTokens: false);
            if (encoded.Length != 1 || ids.Contains(encoded[0]) || !Says(tokenizer, encoded, word))
                rejected.Add(word);
            else if (withComma.Length != 2 || withComma[0] != encoded[0] || !Says(tokenizer, withComma[1..], ",")
                || withComma[1] != (comma ?? withComma[1]))
                rejected.Add(word + ",");
            else
            {
                ids.Add(encoded[0]);
                comma = withComma[1];
            }
        }

        return ids.Count > 0
            ? (ids, comma!.Value, rejected)
            : throw new EmergenceException(
                $"{list.Name}: no word is one token with a comma token after it in this tokenizer; {Name(rejected)}", ExitCode.Usage);
    }

    /// <summary>A token for unknown text is one token too, but it does not read as the word.</summary>
    private static bool Says(Tokenizer tokenizer, int[] ids, string text) =>
        string.Equals(tokenizer.Decode(ids).Trim(), text, StringComparison.OrdinalIgnoreCase);

    private static void Write(long number, List<int> words, int comma, Span<int> sequence)
    {
        var shots = Arrangements.At(number, words.Count, sequence.Length / 2);
        for (var shot = 0; shot < shots.Length; shot++)
            (sequence[2 * shot], sequence[2 * shot + 1]) = (words[shots[shot]], comma);
    }

    private static string[] Notes(EntityList list, int used, List<string> rejected) =>
        rejected.Count > 0 && used < list.Limit ? [$"{list.Name}: {used} of {list.Words.Count} words are used; {Name(rejected)}"] : [];

    private static string Name(List<string> rejected) =>
        rejected.Count == 0 ? "no word was left out" : $"not one token: {NameList.Shorten(rejected, NamedInMessages)}";
}
